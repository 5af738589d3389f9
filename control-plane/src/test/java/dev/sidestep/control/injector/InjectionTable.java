package dev.sidestep.control.injector;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The rows of docs/injection.md that a cluster can show: what is asked where, and what comes of it. */
final class InjectionTable {
    private InjectionTable() {}

    /**
     * One pod in one namespace.
     *
     * @param name of the row; also of the namespace, so a DNS label
     * @param labels of the namespace
     * @param quota a ResourceQuota's {@code spec}, and {@code limits} a LimitRange's, in YAML; null: none
     * @param pod what differs from {@link PodBuilder#pod}, in YAML
     * @param mode what the status says then
     * @param rule what spoke against what was asked; null: nothing did
     * @param says what the reason says, among other things
     */
    record Row(
            String name,
            String inject,
            Map<String, String> labels,
            @Nullable String quota,
            @Nullable String limits,
            String pod,
            String mode,
            @Nullable Rule rule,
            String says) {

        ObjectNode asked() {
            return PodBuilder.with(PodBuilder.pod(inject), pod);
        }

        NamespaceFacts namespace() {
            return new NamespaceFacts(
                    name,
                    labels,
                    Map.of(),
                    object(quota).map(List::of).orElse(List.of()),
                    object(limits).map(List::of).orElse(List.of()));
        }

        private static Optional<tools.jackson.databind.JsonNode> object(@Nullable String spec) {
            return Optional.ofNullable(spec)
                    .map(text -> PodBuilder.yaml("{metadata: {name: rule}, spec: " + text + "}"));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Row injected(String name, String inject, String pod, String mode, String says) {
        return new Row(name, inject, Map.of(), null, null, pod, mode, null, says);
    }

    private static Row declined(String name, String inject, String pod, Rule rule, String says) {
        return new Row(name, inject, Map.of(), null, null, pod, "none", rule, says);
    }

    private static Row inNamespace(
            String name, String inject, Map<String, String> labels, String mode, @Nullable Rule rule, String says) {
        return new Row(name, inject, labels, null, null, "{}", mode, rule, says);
    }

    private static final Map<String, String> RESTRICTED = Map.of("pod-security.kubernetes.io/enforce", "restricted");
    private static final Map<String, String> BASELINE = Map.of("pod-security.kubernetes.io/enforce", "baseline");

    /** What "restricted" wants of the app itself. */
    private static final String RESTRICTED_APP = """
            spec:
              securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
              containers:
              - name: app
                image: app
                securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
            """;

    private static Row restricted(
            String name,
            String inject,
            Map<String, String> labels,
            String pod,
            String mode,
            @Nullable Rule rule,
            String says) {
        ObjectNode merged = PodBuilder.with(PodBuilder.yaml(RESTRICTED_APP), pod);
        return new Row(name, inject, labels, null, null, merged.toString(), mode, rule, says);
    }

    static List<Row> rows() {
        return List.of(
                injected("agent", "agent", "{}", "agent", ""),
                injected("sidecar", "sidecar", "{}", "sidecar", ""),
                injected("grpc", "grpc", "{}", "grpc", ""),
                injected("both", "sidecar-and-agent", "{}", "sidecar-and-agent", ""),
                injected("enabled", "enabled", "{}", "agent", ""),
                injected(
                        "no-redirect",
                        "sidecar",
                        "metadata: {annotations: {sidestep.dev/intercept: none}}",
                        "proxy",
                        ""),
                declined("wrong-value", "agnet", "{}", Rule.WRONG_VALUE, "write agent, if that was meant"),
                injected(
                        "wrong-annotation",
                        "agent",
                        "metadata: {annotations: {sidestep.dev/intercept: al}}",
                        "agent",
                        "nearest: all"),
                declined("windows", "agent", "spec: {os: {name: windows}}", Rule.WINDOWS, "runs on Windows"),
                declined(
                        "windows-node",
                        "agent",
                        "spec: {nodeSelector: {kubernetes.io/os: windows}}",
                        Rule.WINDOWS,
                        "runs on Windows"),
                declined(
                        "host-network",
                        "sidecar",
                        "spec: {hostNetwork: true}",
                        Rule.HOST_NETWORK,
                        "label the pod sidestep.dev/inject: agent"),
                injected("host-network-agent", "agent", "spec: {hostNetwork: true}", "agent", ""),
                declined(
                        "istio-label",
                        "agent",
                        "metadata: {labels: {sidecar.istio.io/inject: 'true'}}",
                        Rule.OTHER_MESH,
                        "Istio"),
                declined(
                        "istio-revision",
                        "agent",
                        "metadata: {labels: {istio.io/rev: canary}}",
                        Rule.OTHER_MESH,
                        "Istio"),
                inNamespace(
                        "istio-namespace",
                        "agent",
                        Map.of("istio-injection", "enabled"),
                        "none",
                        Rule.OTHER_MESH,
                        "istio-injection"),
                inNamespace(
                        "ambient-namespace",
                        "agent",
                        Map.of("istio.io/dataplane-mode", "ambient"),
                        "none",
                        Rule.OTHER_MESH,
                        "ambient"),
                declined(
                        "linkerd",
                        "sidecar",
                        "metadata: {annotations: {linkerd.io/inject: enabled}}",
                        Rule.OTHER_MESH,
                        "Linkerd"),
                declined(
                        "kuma",
                        "grpc",
                        "metadata: {labels: {kuma.io/sidecar-injection: enabled}}",
                        Rule.OTHER_MESH,
                        "Kuma"),
                declined(
                        "consul",
                        "agent",
                        "metadata: {annotations: {consul.hashicorp.com/connect-inject: 'true'}}",
                        Rule.OTHER_MESH,
                        "Consul"),
                declined(
                        "mesh-container",
                        "agent",
                        "spec: {containers: [{name: app, image: a}, {name: linkerd-proxy, image: b}]}",
                        Rule.OTHER_MESH,
                        "linkerd-proxy"),
                declined(
                        "ports",
                        "sidecar",
                        "spec: {containers: [{name: app, image: a, ports: [{containerPort: 16020}]}]}",
                        Rule.PORTS,
                        "16020"),
                declined(
                        "user", "sidecar", "spec: {securityContext: {runAsUser: 16001}}", Rule.USER, "runAsUser 16001"),
                declined(
                        "group",
                        "sidecar",
                        "spec: {containers: [{name: app, image: a, securityContext: {runAsGroup: 16001}}]}",
                        Rule.USER,
                        "runAsGroup 16001"),
                declined(
                        "volume-name",
                        "agent",
                        "spec: {volumes: [{name: sidestep-agent, emptyDir: {}}]}",
                        Rule.NAMES,
                        "volume sidestep-agent"),
                declined(
                        "container-name",
                        "sidecar",
                        "spec: {containers: [{name: sidestep-sidecar, image: a}]}",
                        Rule.NAMES,
                        "container sidestep-sidecar"),
                declined(
                        "mount-there",
                        "agent",
                        "spec: {containers: [{name: app, image: a, volumeMounts: [{name: v, mountPath: /opt/sidestep}]}],"
                                + " volumes: [{name: v, emptyDir: {}}]}",
                        Rule.MOUNTS,
                        "/opt/sidestep"),
                declined(
                        "mount-above",
                        "agent",
                        "spec: {containers: [{name: app, image: a, volumeMounts: [{name: v, mountPath: /opt}]}],"
                                + " volumes: [{name: v, configMap: {name: c}}]}",
                        Rule.MOUNTS,
                        "/opt"),
                injected(
                        "mount-scratch",
                        "agent",
                        "spec: {containers: [{name: app, image: a, volumeMounts: [{name: v, mountPath: /run}]}],"
                                + " volumes: [{name: v, emptyDir: {}}]}",
                        "agent",
                        ""),
                declined(
                        "mount-run",
                        "grpc",
                        "spec: {containers: [{name: app, image: a,"
                                + " volumeMounts: [{name: v, mountPath: /run, readOnly: true}]}],"
                                + " volumes: [{name: v, emptyDir: {}}]}",
                        Rule.MOUNTS,
                        "/var/run/sidestep"),
                declined(
                        "containers",
                        "agent",
                        "metadata: {annotations: {sidestep.dev/containers: web}}",
                        Rule.CONTAINERS,
                        "name some of [app]"),
                injected(
                        "tool-options",
                        "agent",
                        "spec: {containers: [{name: app, image: a, env: [{name: JAVA_TOOL_OPTIONS, value: -Xmx1g}]}]}",
                        "agent",
                        ""),
                declined(
                        "env-from",
                        "agent",
                        "spec: {containers: [{name: app, image: a, envFrom: [{configMapRef: {name: c}}]}]}",
                        Rule.JAVA_OPTIONS,
                        "set one of them as a literal"),
                declined(
                        "value-from",
                        "agent",
                        "spec: {containers: [{name: app, image: a, env: ["
                                + "{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: c, key: k}}},"
                                + " {name: JDK_JAVA_OPTIONS, valueFrom: {configMapKeyRef: {name: c, key: k}}}]}]}",
                        Rule.JAVA_OPTIONS,
                        "app: JAVA_TOOL_OPTIONS and JDK_JAVA_OPTIONS"),
                declined(
                        "bootstrap",
                        "grpc",
                        "spec: {containers: [{name: app, image: a, env: [{name: GRPC_XDS_BOOTSTRAP, value: /b.json}]}]}",
                        Rule.GRPC_BOOTSTRAP,
                        "app: a bootstrap is set"),
                declined(
                        "pod-requests",
                        "sidecar",
                        "spec: {resources: {requests: {memory: 32Mi}}}",
                        Rule.POD_RESOURCES,
                        "requests.memory 32Mi"),
                declined(
                        "pod-limits",
                        "sidecar",
                        "spec: {resources: {limits: {cpu: 500m}}}",
                        Rule.POD_RESOURCES,
                        "limits.cpu 500m"),
                injected(
                        "own-prestop",
                        "agent",
                        "spec: {containers: [{name: app, image: a, lifecycle: {preStop: {exec: {command: ['true']}}}}]}",
                        "agent",
                        "app: has a preStop hook of its own"),
                injected(
                        "no-grace",
                        "sidecar",
                        "spec: {terminationGracePeriodSeconds: 3}",
                        "sidecar",
                        "terminationGracePeriodSeconds is 3"),
                inNamespace(
                        "psa-privileged",
                        "sidecar",
                        Map.of("pod-security.kubernetes.io/enforce", "privileged"),
                        "sidecar",
                        null,
                        ""),
                inNamespace("psa-baseline", "sidecar", BASELINE, "agent", Rule.POD_SECURITY, "it got agent instead"),
                inNamespace(
                        "psa-baseline-agent", "agent", BASELINE, "agent", null, "waits 5 s at its end, without acknow"),
                restricted(
                        "psa-restricted",
                        "sidecar",
                        RESTRICTED,
                        "{}",
                        "agent",
                        Rule.POD_SECURITY,
                        "it got agent instead"),
                restricted("psa-restricted-agent", "agent", RESTRICTED, "{}", "agent", null, "without acknowledgement"),
                restricted("psa-restricted-grpc", "grpc", RESTRICTED, "{}", "grpc", null, "without acknowledgement"),
                restricted(
                        "psa-restricted-proxy",
                        "sidecar",
                        RESTRICTED,
                        "metadata: {annotations: {sidestep.dev/intercept: none}}",
                        "proxy",
                        null,
                        ""),
                restricted(
                        "psa-restricted-old",
                        "agent",
                        Map.of(
                                "pod-security.kubernetes.io/enforce", "restricted",
                                "pod-security.kubernetes.io/enforce-version", "v1.33"),
                        "{}",
                        "agent",
                        null,
                        ""),
                new Row(
                        "quota",
                        "sidecar",
                        Map.of(),
                        "{hard: {requests.memory: 100Mi}}",
                        null,
                        "spec: {containers: [{name: app, image: a, resources: {requests: {memory: 50Mi}, limits: {memory:"
                                + " 50Mi}}}]}",
                        "none",
                        Rule.QUOTA,
                        "ResourceQuota rule: requests.memory"),
                new Row(
                        "quota-enough",
                        "sidecar",
                        Map.of(),
                        "{hard: {requests.memory: 1Gi, limits.cpu: '4'}}",
                        null,
                        "spec: {containers: [{name: app, image: a, resources: {requests: {memory: 50Mi}, limits: {cpu: 1,"
                                + " memory: 50Mi}}}]}",
                        "sidecar",
                        null,
                        ""),
                new Row(
                        "quota-agent",
                        "agent",
                        Map.of(),
                        "{hard: {requests.memory: 60Mi, limits.cpu: 500m}}",
                        null,
                        "spec: {containers: [{name: app, image: a, resources: {requests: {memory: 50Mi}, limits: {cpu:"
                                + " 500m, memory: 50Mi}}}]}",
                        "agent",
                        null,
                        ""),
                new Row(
                        "limit-minimum",
                        "sidecar",
                        Map.of(),
                        null,
                        "{limits: [{type: Container, min: {cpu: 200m, memory: 100Mi}, default: {cpu: 500m, memory: 500Mi},"
                                + " defaultRequest: {cpu: 500m, memory: 500Mi}}]}",
                        "{}",
                        "sidecar",
                        null,
                        ""),
                new Row(
                        "limit-maximum",
                        "sidecar",
                        Map.of(),
                        null,
                        "{limits: [{type: Container, max: {memory: 100Mi}, default: {memory: 32Mi}, defaultRequest:"
                                + " {memory: 32Mi}}]}",
                        "{}",
                        "none",
                        Rule.LIMIT_RANGE,
                        "container sidestep-sidecar: at most 100Mi memory"),
                new Row(
                        "limit-cpu",
                        "sidecar",
                        Map.of(),
                        null,
                        "{limits: [{type: Container, max: {cpu: 50m}, default: {cpu: 50m}, defaultRequest: {cpu: 10m}}]}",
                        "{}",
                        "sidecar",
                        null,
                        ""),
                new Row(
                        "limit-ratio",
                        "sidecar",
                        Map.of(),
                        null,
                        "{limits: [{type: Container, maxLimitRequestRatio: {cpu: '4'}, default: {cpu: 100m},"
                                + " defaultRequest: {cpu: 100m}}]}",
                        "{}",
                        "sidecar",
                        null,
                        ""),
                new Row(
                        "limit-pod",
                        "sidecar",
                        Map.of(),
                        null,
                        "{limits: [{type: Pod, max: {memory: 200Mi}}]}",
                        "spec: {containers: [{name: app, image: a, resources: {requests: {memory: 100Mi}, limits: {memory:"
                                + " 100Mi}}}]}",
                        "none",
                        Rule.LIMIT_RANGE,
                        "LimitRange rule, pod: at most 200Mi memory"),
                injected(
                        "guaranteed",
                        "sidecar",
                        "spec: {containers: [{name: app, image: a, resources: {requests: {cpu: 1, memory: 1Gi}, limits:"
                                + " {cpu: 1, memory: 1Gi}}}]}",
                        "sidecar",
                        "quality of service is Burstable now"));
    }
}
