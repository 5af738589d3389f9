package dev.sidestep.control.ads;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.sidestep.xds.proto.core.Node;
import java.util.Locale;

/**
 * Who is at the other end of a stream, as it says itself. Unknown texts are "".
 *
 * @param agent the client's software and its version
 * @param family what it understands
 */
record ClientNode(
        String id, String namespace, String pod, String node, String zone, String region, String agent, Family family) {

    /** What is known of a stream that has said nothing yet. */
    static final ClientNode UNKNOWN = new ClientNode("", "default", "", "", "", "", "", Family.OTHER);

    /** Whose habits a client has. */
    enum Family {
        /** Goes on calling the endpoints of an assignment that has become empty (grpc-java 1.85.1). */
        GRPC_JAVA,
        GRPC,
        OTHER;

        boolean isGrpc() {
            return this != OTHER;
        }
    }

    static ClientNode of(Node node) {
        Struct metadata = node.getMetadata();
        String zone = text(metadata, "zone");
        String region = text(metadata, "region");
        String namespace = text(metadata, "namespace");
        return new ClientNode(
                node.getId(),
                namespace.isEmpty() ? UNKNOWN.namespace() : namespace,
                text(metadata, "pod"),
                text(metadata, "node"),
                zone.isEmpty() ? node.getLocality().getZone() : zone,
                region.isEmpty() ? node.getLocality().getRegion() : region,
                (node.getUserAgentName() + " " + node.getUserAgentVersion()).strip(),
                family(node.getUserAgentName().toLowerCase(Locale.ROOT)));
    }

    private static Family family(String agent) {
        if (agent.equals("grpc java")) {
            return Family.GRPC_JAVA;
        }
        return agent.startsWith("grpc") ? Family.GRPC : Family.OTHER;
    }

    private static String text(Struct metadata, String key) {
        return metadata.getFieldsOrDefault(key, Value.getDefaultInstance()).getStringValue();
    }
}
