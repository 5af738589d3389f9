package dev.sidestep.model;

import java.util.Optional;

/**
 * The name of one Service port; the xDS cluster, load assignment and our own resource of it are all called {@link #value}.
 *
 * @param service the Service's name, one DNS label
 * @param namespace the Service's namespace, one DNS label
 * @param port the Service port (not the target port), 1 to 65535
 */
public record ClusterName(String service, String namespace, int port) {
    /** The cluster domain on the wire. A cluster with another one maps it where names enter. */
    public static final String WIRE_DOMAIN = "cluster.local";

    private static final String SUFFIX = ".svc." + WIRE_DOMAIN;

    public ClusterName {
        if (service.isEmpty() || service.indexOf('.') >= 0) {
            throw new IllegalArgumentException("service: \"" + service + "\" (expected: one DNS label)");
        }
        if (namespace.isEmpty() || namespace.indexOf('.') >= 0) {
            throw new IllegalArgumentException("namespace: \"" + namespace + "\" (expected: one DNS label)");
        }
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
        }
    }

    /** {@code <service>.<namespace>.svc.cluster.local:<port>}. */
    public String value() {
        return service + "." + namespace + SUFFIX + ":" + port;
    }

    /** The name that {@link #value} wrote; empty for anything else. */
    public static Optional<ClusterName> parse(String value) {
        int colon = value.lastIndexOf(':');
        if (colon < 0 || !value.startsWith(SUFFIX, colon - SUFFIX.length())) {
            return Optional.empty();
        }
        String[] labels = value.substring(0, colon - SUFFIX.length()).split("\\.", -1);
        if (labels.length != 2) {
            return Optional.empty();
        }
        try {
            return Optional.of(new ClusterName(labels[0], labels[1], Integer.parseInt(value.substring(colon + 1))));
        } catch (IllegalArgumentException notAName) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return value();
    }
}
