package dev.sidestep.cli.cluster;

import java.util.Map;

/** What the chart calls its objects, and what the injector writes on pods. */
public final class Names {
    public static final String SYSTEM_NAMESPACE = "sidestep-system";

    /** The Deployment, its Service, ConfigMap and ServiceAccount. */
    public static final String CONTROL_PLANE = "control-plane";

    /** The MutatingWebhookConfiguration. */
    public static final String WEBHOOK = "sidestep";

    public static final Map<String, String> CONTROL_PLANE_PODS =
            Map.of("app.kubernetes.io/name", CONTROL_PLANE, "app.kubernetes.io/part-of", "sidestep");

    /** The label of a namespace or pod that asks for injection. */
    public static final String INJECT = "sidestep.dev/inject";

    /** The label of an injected pod: {@code agent}, {@code sidecar} or {@code grpc}. */
    public static final String INJECTED = "sidestep.dev/injected";

    /** The annotation in which the injector says what it did and why. */
    public static final String STATUS = "sidestep.dev/status";

    public static final int CONTROL_PLANE_ADMIN_PORT = 16080;

    /** On the pod's loopback interface, which a port-forward reaches. */
    public static final int SIDECAR_ADMIN_PORT = 16000;

    /** How the control plane is installed, for messages. */
    public static final String INSTALL = "helm install sidestep k8s/chart";

    private Names() {}
}
