package dev.sidestep.e2e.scenario;

import java.util.List;
import java.util.Map;

/**
 * One pod of the injection table, as docs/injection.md has it.
 *
 * @param labels of its namespace
 * @param constraint a ResourceQuota or LimitRange of its namespace, or empty
 * @param metadata of the pod, in YAML's flow style
 * @param image tool, java or java11
 * @param command as a JSON list
 * @param spec more of the pod's spec, and {@code container} more of the container's
 * @param mode what {@code sidestep.dev/status} says; empty: there is none
 * @param reason a part of what the status gives as reason
 * @param prints a part of what the pod's application prints
 */
record InjectionRow(
        String name,
        String about,
        Map<String, String> labels,
        String constraint,
        String metadata,
        String image,
        String command,
        String spec,
        String container,
        String mode,
        String reason,
        String prints) {
    private static final String AGENT = "labels: {sidestep.dev/inject: agent}";
    private static final String SIDECAR = "labels: {sidestep.dev/inject: sidecar}";
    private static final String HELLO = "[echo, hello]";
    private static final String RESTRICTED_POD =
            "securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}";
    private static final String RESTRICTED_CONTAINER =
            "securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}";
    private static final String JAR = "-javaagent:/opt/sidestep/sidestep-agent.jar";

    private static InjectionRow row(String name, String about, String metadata, String image, String command) {
        return new InjectionRow(name, about, Map.of(), "", metadata, image, command, "", "", "", "", "");
    }

    private InjectionRow in(Map<String, String> newLabels, String newConstraint) {
        return new InjectionRow(
                name, about, newLabels, newConstraint, metadata, image, command, spec, container, mode, reason, prints);
    }

    private InjectionRow with(String newSpec, String newContainer) {
        return new InjectionRow(
                name, about, labels, constraint, metadata, image, command, newSpec, newContainer, mode, reason, prints);
    }

    private InjectionRow gives(String newMode, String newReason, String newPrints) {
        return new InjectionRow(
                name,
                about,
                labels,
                constraint,
                metadata,
                image,
                command,
                spec,
                container,
                newMode,
                newReason,
                newPrints);
    }

    /** The manifest, of a pod that ends by itself. */
    String manifest(String imageName) {
        return """
                apiVersion: v1
                kind: Pod
                metadata: {name: "%s", %s}
                spec:
                  restartPolicy: Never
                  %s
                  containers:
                  - name: app
                    image: %s
                    command: %s
                    %s
                """.formatted(name, metadata, spec, imageName, command, container);
    }

    static List<InjectionRow> all() {
        return List.of(
                row("agent", "a Java application with the agent", AGENT, "java", "[java, -version]")
                        .gives("agent", "", JAR),
                row("options-kept", "its own literal JAVA_TOOL_OPTIONS stay", AGENT, "java", "[java, -version]")
                        .with("", "env: [{name: JAVA_TOOL_OPTIONS, value: -Xmx48m}]")
                        .gives("agent", "", "JAVA_TOOL_OPTIONS: -Xmx48m " + JAR),
                row(
                                "options-of-image",
                                "an image's own JAVA_TOOL_OPTIONS stay; Java 11",
                                AGENT,
                                "java11",
                                "[sh, -c, \"java -XX:+PrintFlagsFinal -version 2>&1 | grep ' MaxHeapSize'\"]")
                        .gives("agent", "", "67108864"),
                row(
                                "java-11",
                                "Java 11 runs as before",
                                AGENT,
                                "java11",
                                "[java, -cp, /app, Java11, \"http://backend/api\", \"3\"]")
                        .gives("agent", "", "java 11"),
                row("no-java", "an image without Java runs as before", AGENT, "tool", HELLO)
                        .gives("agent", "", "hello"),
                row(
                                "keytool",
                                "keytool runs as before",
                                AGENT,
                                "java",
                                "[keytool, -list, -cacerts, -storepass, changeit]")
                        .gives("agent", "", "Your keystore contains"),
                row("options-by-reference", "options that the webhook cannot see", AGENT, "tool", HELLO)
                        .with("", "envFrom: [{configMapRef: {name: options}}]")
                        .gives("none", "java-options", "hello"),
                row("grpc", "a gRPC application by itself", "labels: {sidestep.dev/inject: grpc}", "tool", "[env]")
                        .gives("grpc", "", "GRPC_XDS_BOOTSTRAP_CONFIG"),
                row("enabled", "the chart's default mode", "labels: {sidestep.dev/inject: enabled}", "tool", HELLO)
                        .gives("agent", "", "hello"),
                row("namespace", "by the namespace's label", "labels: {app: namespace}", "tool", HELLO)
                        .in(Map.of("sidestep.dev/inject", "sidecar"), "")
                        .gives("sidecar", "", "hello"),
                row("pod-wins", "the pod's label wins", "labels: {sidestep.dev/inject: disabled}", "tool", HELLO)
                        .in(Map.of("sidestep.dev/inject", "sidecar"), "")
                        .gives("", "", "hello"),
                row("wrong", "a wrong value", "labels: {sidestep.dev/inject: agnet}", "tool", HELLO)
                        .gives("none", "wrong-value", "hello"),
                row("host-network", "hostNetwork", SIDECAR, "tool", HELLO)
                        .with("hostNetwork: true", "")
                        .gives("none", "host-network", "hello"),
                row(
                                "other-mesh",
                                "another mesh",
                                "labels: {sidestep.dev/inject: agent, sidecar.istio.io/inject: \"true\"}",
                                "tool",
                                HELLO)
                        .gives("none", "other-mesh", "hello"),
                row("own-pre-stop", "its own preStop stays", AGENT, "tool", HELLO)
                        .with("", "lifecycle: {preStop: {exec: {command: [\"true\"]}}}")
                        .gives("agent", "preStop", "hello"),
                row("restricted", "Pod Security restricted", SIDECAR, "tool", HELLO)
                        .in(Map.of("pod-security.kubernetes.io/enforce", "restricted"), "")
                        .with(RESTRICTED_POD, RESTRICTED_CONTAINER)
                        .gives("agent", "pod-security", "hello"),
                row("restricted-agent", "Pod Security restricted, with Java", AGENT, "java", "[java, -version]")
                        .in(Map.of("pod-security.kubernetes.io/enforce", "restricted"), "")
                        .with(RESTRICTED_POD, RESTRICTED_CONTAINER)
                        .gives("agent", "", JAR),
                row("baseline", "Pod Security baseline", SIDECAR, "tool", HELLO)
                        .in(Map.of("pod-security.kubernetes.io/enforce", "baseline"), "")
                        .gives("agent", "pod-security", "hello"),
                row("quota", "a ResourceQuota that it would not fit", SIDECAR, "tool", HELLO)
                        .in(Map.of(), """
                                apiVersion: v1
                                kind: ResourceQuota
                                metadata: {name: small}
                                spec: {hard: {requests.memory: 20Mi}}
                                """)
                        .with("", "resources: {requests: {memory: 16Mi}}")
                        .gives("none", "quota", "hello"),
                row("limit-range", "a LimitRange that it would not fit", SIDECAR, "tool", HELLO)
                        .in(Map.of(), """
                                apiVersion: v1
                                kind: LimitRange
                                metadata: {name: small}
                                spec: {limits: [{type: Container, max: {memory: 24Mi}, default: {memory: 24Mi}}]}
                                """)
                        .gives("none", "limit-range", "hello"));
    }
}
