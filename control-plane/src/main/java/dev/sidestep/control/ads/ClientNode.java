package dev.sidestep.control.ads;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.sidestep.control.auth.Caller;
import dev.sidestep.xds.proto.core.Node;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Who is at the other end of a stream, as it says itself, unless its token says it. Unknown texts are "".
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

    /** This, with what its token says of it. */
    ClientNode as(Caller caller) {
        return new ClientNode(
                id.isEmpty() ? caller.pod() : id,
                caller.namespace(),
                caller.pod(),
                caller.node().isEmpty() ? node : caller.node(),
                zone,
                region,
                agent,
                family);
    }

    /** What {@code node} says that the token of {@code caller} does not bear out, in a line for people. */
    static Optional<String> contradiction(Node node, Caller caller) {
        Struct metadata = node.getMetadata();
        return foreign("namespace", text(metadata, "namespace"), caller.namespace(), caller)
                .or(() -> foreign("pod", text(metadata, "pod"), caller.pod(), caller))
                // An API server before 1.30 does not say the node.
                .or(() -> caller.node().isEmpty()
                        ? Optional.empty()
                        : foreign("node", text(metadata, "node"), caller.node(), caller))
                .or(() -> foreignId(node.getId(), caller));
    }

    private static Optional<String> foreign(String what, String said, String proven, Caller caller) {
        return said.isEmpty() || said.equals(proven) ? Optional.empty() : Optional.of(denial(what, said, caller));
    }

    /** A token that belongs to no pod proves no id; nothing is done by the id of such a one. */
    private static Optional<String> foreignId(String id, Caller caller) {
        String pod = caller.pod();
        boolean own = id.isEmpty()
                || pod.isEmpty()
                || Set.of(pod, pod + "." + caller.namespace(), caller.namespace() + "/" + pod)
                        .contains(id);
        return own ? Optional.empty() : Optional.of(denial("id", id, caller));
    }

    private static String denial(String what, String said, Caller caller) {
        return "the xDS node says " + what + " \"" + shortened(said) + "\", but its token is that of " + caller
                + (caller.node().isEmpty() ? "" : " on " + caller.node())
                + "; set SIDESTEP_NAMESPACE, SIDESTEP_POD_NAME and SIDESTEP_NODE_NAME by the downward API";
    }

    private static String shortened(String text) {
        return text.length() <= 253 ? text : text.substring(0, 253) + "...";
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
