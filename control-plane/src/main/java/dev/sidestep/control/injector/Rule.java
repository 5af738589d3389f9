package dev.sidestep.control.injector;

import java.util.Locale;

/** Why a pod is not injected, or not as it asks; one row each of docs/injection.md. */
public enum Rule {
    WRONG_VALUE,
    STATIC_POD,
    WINDOWS,
    OTHER_MESH,
    KUBERNETES_VERSION,
    POD_SECURITY,
    HOST_NETWORK,
    PORTS,
    USER,
    SERVICE_RANGES,
    NAMES,
    MOUNTS,
    CONTAINERS,
    JAVA_OPTIONS,
    GRPC_BOOTSTRAP,
    POD_RESOURCES,
    LIMIT_RANGE,
    QUOTA;

    /** {@code host-network}, as in the status, the metric and the documentation. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
