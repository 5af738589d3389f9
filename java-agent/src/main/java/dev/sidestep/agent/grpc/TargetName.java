package dev.sidestep.agent.grpc;

import org.jspecify.annotations.Nullable;

/**
 * The host and port in a channel's target, of scheme {@code dns} or none.
 *
 * @param port 0 if there is none
 */
record TargetName(String host, int port) {
    private static final String DNS = "dns:";

    /** Null for a target of any other scheme: its resolver is not about names that could be ours. */
    static @Nullable TargetName parse(String target) {
        String name = target;
        if (target.startsWith(DNS)) {
            name = target.substring(Math.max(DNS.length(), target.lastIndexOf('/') + 1));
        } else if (target.indexOf('/') >= 0) {
            return null;
        }
        int colon = name.lastIndexOf(':');
        boolean hasPort = colon > name.lastIndexOf(']');
        String host = hasPort ? name.substring(0, colon) : name;
        if (host.isEmpty()) {
            return null;
        }
        try {
            return new TargetName(host, hasPort ? Integer.parseInt(name.substring(colon + 1)) : 0);
        } catch (NumberFormatException notAPort) {
            return null;
        }
    }
}
