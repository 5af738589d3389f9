package dev.sidestep.control.load;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.sidestep.control.auth.Caller;
import dev.sidestep.control.index.Callers.Place;
import dev.sidestep.xds.proto.core.Node;
import java.util.Optional;

/**
 * Who reports: what its token says, and only without one what it says itself. Unknown texts are "".
 *
 * @param process tells the processes of one pod apart
 * @param agent its software
 * @param claimed where it says that it runs
 */
record Reporter(String namespace, String pod, String process, String agent, Place claimed) {
    static Reporter of(Node node, Optional<Caller> caller) {
        Struct metadata = node.getMetadata();
        String namespace = text(metadata, "namespace");
        return new Reporter(
                caller.map(Caller::namespace).orElse(namespace.isEmpty() ? "default" : namespace),
                caller.map(Caller::pod).orElse(text(metadata, "pod")),
                node.getId(),
                node.getUserAgentName(),
                new Place(
                        caller.map(Caller::node)
                                .filter(proven -> !proven.isEmpty())
                                .orElse(text(metadata, "node")),
                        node.getLocality().getZone(),
                        node.getLocality().getRegion()));
    }

    private static String text(Struct metadata, String key) {
        return metadata.getFieldsOrDefault(key, Value.getDefaultInstance()).getStringValue();
    }
}
