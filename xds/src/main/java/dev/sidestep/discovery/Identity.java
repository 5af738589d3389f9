package dev.sidestep.discovery;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.sidestep.xds.proto.core.Node;

/**
 * What a data plane says of itself, once on every stream.
 *
 * @param id the process's name among all, best its pod's
 * @param namespace the namespace that its pod runs in
 * @param node the node that it runs on, or ""
 * @param pod its pod's name, or ""
 * @param userAgent {@code sidestep-sidecar} or {@code sidestep-agent}
 * @param version the version of that
 */
public record Identity(String id, String namespace, String node, String pod, String userAgent, String version) {
    Node message() {
        return Node.newBuilder()
                .setId(id)
                .setMetadata(Struct.newBuilder()
                        .putFields("namespace", text(namespace))
                        .putFields("node", text(node))
                        .putFields("pod", text(pod)))
                .setUserAgentName(userAgent)
                .setUserAgentVersion(version)
                .build();
    }

    private static Value text(String text) {
        return Value.newBuilder().setStringValue(text).build();
    }
}
