package dev.sidestep.control.injector;

import static dev.sidestep.control.injector.PodBuilder.at;
import static dev.sidestep.control.injector.PodBuilder.env;
import static dev.sidestep.control.injector.PodBuilder.pod;
import static dev.sidestep.control.injector.PodBuilder.status;
import static dev.sidestep.control.injector.PodBuilder.with;
import static dev.sidestep.control.injector.PodBuilder.yaml;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.injector.Decision.Result;
import dev.sidestep.control.manifest.ManifestException;
import dev.sidestep.control.settings.Settings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What pods get, and that nothing else of them changes. Why they do not is in {@link RulesTest}. */
final class InjectorTest {
    private static final ClusterFacts CLUSTER = new ClusterFacts(
            KubernetesVersion.parse("v1.35.4"),
            List.of("10.96.0.0/16", "fd00::/108"),
            "-----BEGIN CERTIFICATE-----\n",
            Optional.of("10.96.0.77"));
    private static final NamespaceFacts SHOP = NamespaceFacts.named("shop");

    private final List<String> ids = new ArrayList<>(List.of("id-1", "id-2", "id-3"));

    private Decision decide(ObjectNode pod) {
        return decide(pod, SHOP);
    }

    private Decision decide(ObjectNode pod, NamespaceFacts namespace) {
        return new Injector(Settings.DEFAULT, () -> ids.remove(0)).decide(pod, namespace, CLUSTER);
    }

    private static NamespaceFacts labelled(String... keysAndValues) {
        var labels = new HashMap<String, String>();
        for (int index = 0; index < keysAndValues.length; index += 2) {
            labels.put(keysAndValues[index], keysAndValues[index + 1]);
        }
        return new NamespaceFacts("shop", labels, Map.of(), List.of(), List.of());
    }

    private static ObjectNode unlabelled() {
        return yaml("{metadata: {name: web}, spec: {containers: [{name: app, image: app}]}}");
    }

    private static List<String> names(JsonNode list) {
        return list.valueStream().map(item -> at(item, "/name")).toList();
    }

    @ParameterizedTest
    @CsvSource({
        ",          ,                  none",
        "agent,     ,                  agent",
        "sidecar,   ,                  sidecar",
        "grpc,      ,                  grpc",
        "enabled,   ,                  agent",
        "true,      ,                  agent",
        "disabled,  ,                  none",
        "false,     ,                  none",
        "agent,     sidecar,           sidecar",
        "disabled,  agent,             agent",
        "sidecar,   disabled,          none",
        "sidecar,   false,             none",
        ",          sidecar-and-agent, sidecar-and-agent",
    })
    void thePodsLabelWinsOverItsNamespaces(String namespace, String own, String mode) {
        ObjectNode pod = own == null ? unlabelled() : pod(own);
        Decision decision = decide(pod, namespace == null ? SHOP : labelled("sidestep.dev/inject", namespace));
        assertThat(decision.mode()).isEqualTo(mode);
        if (mode.equals("none")) {
            assertThat(decision.result()).isEqualTo(Result.LEFT_ALONE);
            assertThat(decision.pod()).isEqualTo(pod);
        }
    }

    @Test
    void anAgentIsCopiedByAnInitContainerAndNamedToTheLauncher() {
        ObjectNode pod = decide(with(pod("agent"), "spec: {initContainers: [{name: migrate, image: app}]}"))
                .pod();
        assertThat(names(pod.at("/spec/initContainers"))).containsExactly("sidestep-agent-init", "migrate");
        assertThat(pod.at("/spec/initContainers/0")).isEqualTo(yaml("""
                name: sidestep-agent-init
                image: agent:0.1.0-SNAPSHOT
                imagePullPolicy: IfNotPresent
                terminationMessagePolicy: FallbackToLogsOnError
                resources:
                  requests: {cpu: 10m, memory: 32Mi}
                  limits: {cpu: 200m, memory: 32Mi}
                command: [/bin/cp, /sidestep-agent.jar, /opt/sidestep/sidestep-agent.jar]
                securityContext:
                  allowPrivilegeEscalation: false
                  capabilities: {drop: [ALL]}
                  privileged: false
                  readOnlyRootFilesystem: true
                  runAsGroup: 16001
                  runAsNonRoot: true
                  runAsUser: 16001
                  seccompProfile: {type: RuntimeDefault}
                volumeMounts: [{mountPath: /opt/sidestep, name: sidestep-agent}]
                """));
        JsonNode app = pod.at("/spec/containers/0");
        assertThat(env(app, "JDK_JAVA_OPTIONS")).isEqualTo("-javaagent:/opt/sidestep/sidestep-agent.jar");
        assertThat(env(app, "JAVA_TOOL_OPTIONS")).isEqualTo("(absent)");
        assertThat(env(app, "SIDESTEP_CONTROL_PLANE")).isEqualTo("control-plane.sidestep-system.svc:16012");
        assertThat(env(app, "SIDESTEP_TOKEN_FILE")).isEqualTo("/var/run/sidestep/token");
        assertThat(env(app, "SIDESTEP_CA_FILE")).isEqualTo("/var/run/sidestep/ca.crt");
        assertThat(env(app, "SIDESTEP_SNAPSHOT_DIR")).isEqualTo("/var/lib/sidestep");
        assertThat(app.at("/env").toString())
                .contains("\"name\":\"SIDESTEP_NAMESPACE\"", "metadata.namespace")
                .contains("\"name\":\"SIDESTEP_POD_NAME\"", "metadata.name")
                .contains("\"name\":\"SIDESTEP_NODE_NAME\"", "spec.nodeName");
        assertThat(app.at("/volumeMounts")).isEqualTo(yaml("""
                m:
                - {name: sidestep-identity, mountPath: /var/run/sidestep, readOnly: true}
                - {name: sidestep-state, mountPath: /var/lib/sidestep}
                - {name: sidestep-agent, mountPath: /opt/sidestep, readOnly: true}
                """).get("m"));
        assertThat(names(pod.at("/spec/volumes")))
                .containsExactly("sidestep-identity", "sidestep-state", "sidestep-agent");
        assertThat(at(pod, "/metadata/labels/sidestep.dev~1injected")).isEqualTo("agent");
        assertThat(at(pod, "/metadata/annotations/sidestep.dev~1ca")).isEqualTo("-----BEGIN CERTIFICATE-----\n");
        assertThat(status(pod)).isEqualTo(yaml("{mode: agent, version: 0.1.0-SNAPSHOT, reason: ''}"));
    }

    @Test
    void theTokenHasOurAudienceAndTheCaComesFromAnAnnotation() {
        JsonNode volume = decide(pod("agent")).pod().at("/spec/volumes/0");
        assertThat(volume).isEqualTo(yaml("""
                name: sidestep-identity
                projected:
                  sources:
                  - serviceAccountToken: {audience: sidestep.dev, expirationSeconds: 3600, path: token}
                  - downwardAPI:
                      items:
                      - path: ca.crt
                        fieldRef: {apiVersion: v1, fieldPath: "metadata.annotations['sidestep.dev/ca']"}
                """));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[]                                                          | JDK_JAVA_OPTIONS  | -javaagent:@",
                "[{name: JAVA_TOOL_OPTIONS, value: -Xmx1g}]                  | JAVA_TOOL_OPTIONS | -Xmx1g -javaagent:@",
                "[{name: JAVA_TOOL_OPTIONS, value: ''}]                      | JAVA_TOOL_OPTIONS | -javaagent:@",
                "[{name: JAVA_TOOL_OPTIONS}]                                 | JAVA_TOOL_OPTIONS | -javaagent:@",
                "[{name: JDK_JAVA_OPTIONS, value: '-Xss1m '}]                | JDK_JAVA_OPTIONS  | -Xss1m -javaagent:@",
                "[{name: JAVA_TOOL_OPTIONS, value: '$(OTHER)'}]              | JAVA_TOOL_OPTIONS | $(OTHER) -javaagent:@",
                "[{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: a, key: b}}}] | JDK_JAVA_OPTIONS | -javaagent:@",
                "[{name: JAVA_TOOL_OPTIONS, valueFrom: {secretKeyRef: {name: a, key: b}}}, {name: JDK_JAVA_OPTIONS, value: -Xss1m}] | JDK_JAVA_OPTIONS | -Xss1m -javaagent:@",
            })
    void theAgentsFlagIsAddedToWhatIsThere(String env, String variable, String value) {
        ObjectNode pod = with(pod("agent"), "spec: {containers: [{name: app, image: app, env: " + env + "}]}");
        JsonNode app = decide(pod).pod().at("/spec/containers/0");
        assertThat(env(app, variable)).isEqualTo(value.replace("@", "/opt/sidestep/sidestep-agent.jar"));
    }

    @Test
    void aPrefixedEnvFromCannotHideAVariable() {
        ObjectNode pod = with(
                pod("agent"),
                "spec: {containers: [{name: app, image: app, envFrom: [{prefix: APP_, configMapRef: {name: settings}}]}]}");
        assertThat(env(decide(pod).pod().at("/spec/containers/0"), "JDK_JAVA_OPTIONS"))
                .isEqualTo("-javaagent:/opt/sidestep/sidestep-agent.jar");
    }

    @Test
    void onlyNamedContainersGetTheAgentAndAllGetTheHook() {
        ObjectNode pod = decide(with(pod("agent"), """
                metadata: {annotations: {sidestep.dev/containers: "worker, app"}}
                spec: {containers: [{name: app, image: a}, {name: log, image: b}, {name: worker, image: c}]}
                """)).pod();
        assertThat(env(pod.at("/spec/containers/0"), "JDK_JAVA_OPTIONS")).startsWith("-javaagent");
        assertThat(pod.at("/spec/containers/1/env").isMissingNode()).isTrue();
        assertThat(env(pod.at("/spec/containers/2"), "JDK_JAVA_OPTIONS")).startsWith("-javaagent");
        assertThat(pod.at("/spec/containers/1/lifecycle/preStop/httpGet").isObject())
                .isTrue();
        // Two clients in one pod remember in folders of their own.
        assertThat(at(pod, "/spec/containers/0/volumeMounts/1/subPath")).isEqualTo("app");
        assertThat(at(pod, "/spec/containers/2/volumeMounts/1/subPath")).isEqualTo("worker");
    }

    @Test
    void whereOneContainerCannotHaveTheAgentTheOthersDo() {
        Decision decision = decide(with(pod("agent"), """
                spec:
                  containers:
                  - {name: app, image: a}
                  - {name: old, image: b, envFrom: [{secretRef: {name: s}}]}
                """));
        assertThat(decision.result()).isEqualTo(Result.INJECTED);
        assertThat(decision.reason()).startsWith("not in old: JAVA_TOOL_OPTIONS and JDK_JAVA_OPTIONS come");
        assertThat(decision.pod().at("/spec/containers/1/env").isMissingNode()).isTrue();
    }

    @Test
    void aSidecarIsNativeAndComesFirstAfterItsRedirect() {
        ObjectNode pod = decide(with(pod("sidecar"), """
                metadata:
                  annotations:
                    sidestep.dev/intercept: all
                    sidestep.dev/include-outbound-ports: "9090, 9100-9200"
                    sidestep.dev/exclude-outbound-ports: "5432"
                    sidestep.dev/exclude-outbound-ip-ranges: "10.1.0.0/16"
                    sidestep.dev/sidecar-cpu-request: 50m
                    sidestep.dev/sidecar-memory-limit: 256Mi
                    sidestep.dev/log-level: debug
                    sidestep.dev/version: "9.9"
                spec: {initContainers: [{name: migrate, image: app}]}
                """)).pod();
        assertThat(names(pod.at("/spec/initContainers")))
                .containsExactly("sidestep-redirect", "sidestep-sidecar", "migrate");
        JsonNode redirect = pod.at("/spec/initContainers/0");
        assertThat(at(redirect, "/image")).isEqualTo("sidecar:9.9");
        assertThat(redirect.at("/command").toString()).isEqualTo("[\"/usr/local/bin/sidestep-redirect\"]");
        assertThat(redirect.at("/securityContext")).isEqualTo(yaml("""
                allowPrivilegeEscalation: false
                capabilities: {drop: [ALL], add: [NET_ADMIN]}
                privileged: false
                readOnlyRootFilesystem: true
                runAsGroup: 0
                runAsNonRoot: false
                runAsUser: 0
                seccompProfile: {type: RuntimeDefault}
                """));
        assertThat(env(redirect, "SIDESTEP_INTERCEPT")).isEqualTo("all");
        assertThat(env(redirect, "SIDESTEP_SERVICE_RANGES")).isEqualTo("10.96.0.0/16,fd00::/108");
        assertThat(env(redirect, "SIDESTEP_INCLUDE_OUTBOUND_PORTS")).isEqualTo("9090,9100-9200");
        assertThat(env(redirect, "SIDESTEP_EXCLUDE_OUTBOUND_PORTS")).isEqualTo("5432");
        assertThat(env(redirect, "SIDESTEP_EXCLUDE_OUTBOUND_IP_RANGES")).isEqualTo("10.1.0.0/16");
        assertThat(env(redirect, "SIDESTEP_PROXY_PORT")).isEqualTo("16001");
        assertThat(env(redirect, "SIDESTEP_PROXY_UID")).isEqualTo("16001");

        JsonNode sidecar = pod.at("/spec/initContainers/1");
        assertThat(at(sidecar, "/restartPolicy")).isEqualTo("Always");
        assertThat(sidecar.at("/resources")).isEqualTo(yaml("""
                requests: {cpu: 50m, memory: 64Mi}
                limits: {cpu: "1", memory: 256Mi}
                """));
        assertThat(sidecar.at("/securityContext/capabilities").toString()).isEqualTo("{\"drop\":[\"ALL\"]}");
        assertThat(sidecar.at("/securityContext/runAsUser").asInt()).isEqualTo(16001);
        assertThat(at(sidecar, "/startupProbe/httpGet/path")).isEqualTo("/healthz");
        assertThat(sidecar.at("/startupProbe/httpGet/port").asInt()).isEqualTo(16020);
        assertThat(sidecar.has("readinessProbe"))
                .as("the pod's readiness is the app's")
                .isFalse();
        assertThat(env(sidecar, "SIDESTEP_LOG_LEVEL")).isEqualTo("debug");
        assertThat(env(sidecar, "SIDESTEP_INTERCEPT")).isEqualTo("all");
        assertThat(at(pod, "/metadata/labels/sidestep.dev~1injected")).isEqualTo("sidecar");

        JsonNode app = pod.at("/spec/containers/0");
        assertThat(app.has("env")).as("the app's container is left alone").isFalse();
        assertThat(app.at("/lifecycle/preStop/httpGet"))
                .isEqualTo(yaml("{path: '/drained?cap=10s', port: 16020, scheme: HTTP}"));
    }

    @Test
    void withoutARedirectTheAppIsToldOfTheProxy() {
        ObjectNode asked = with(pod("sidecar"), """
                metadata: {annotations: {sidestep.dev/intercept: none}}
                spec:
                  containers:
                  - {name: app, image: a}
                  - {name: own, image: b, env: [{name: HTTP_PROXY, value: "http://corp:3128"}]}
                  - {name: dot, image: c, env: [{name: no_proxy, value: corp.example}]}
                """);
        Decision decision = decide(asked);
        assertThat(decision.mode()).isEqualTo("proxy");
        ObjectNode pod = decision.pod();
        assertThat(names(pod.at("/spec/initContainers"))).containsExactly("sidestep-sidecar");
        assertThat(env(pod.at("/spec/initContainers/0"), "SIDESTEP_INTERCEPT")).isEqualTo("(absent)");
        JsonNode app = pod.at("/spec/containers/0");
        assertThat(env(app, "http_proxy")).isEqualTo("http://127.0.0.1:16001");
        assertThat(env(app, "HTTP_PROXY")).isEqualTo("http://127.0.0.1:16001");
        assertThat(env(app, "no_proxy")).isEqualTo("localhost,127.0.0.1,::1");
        JsonNode own = pod.at("/spec/containers/1");
        assertThat(env(own, "http_proxy")).isEqualTo("(absent)");
        assertThat(env(own, "HTTP_PROXY")).isEqualTo("http://corp:3128");
        assertThat(decision.reason()).contains("own: http_proxy is set");
        assertThat(env(pod.at("/spec/containers/2"), "no_proxy")).isEqualTo("corp.example");
        assertThat(env(pod.at("/spec/containers/2"), "NO_PROXY")).isEqualTo("(absent)");
    }

    @Test
    void sidecarAndAgentRememberInFoldersOfTheirOwn() {
        ObjectNode pod = decide(pod("sidecar-and-agent")).pod();
        assertThat(names(pod.at("/spec/initContainers")))
                .containsExactly("sidestep-redirect", "sidestep-sidecar", "sidestep-agent-init");
        assertThat(pod.at("/spec/initContainers/1/volumeMounts").toString())
                .contains("\"subPath\":\"sidestep-sidecar\"");
        assertThat(pod.at("/spec/containers/0/volumeMounts").toString()).contains("\"subPath\":\"app\"");
        assertThat(at(pod, "/spec/containers/0/lifecycle/preStop/httpGet/path")).isEqualTo("/drained?cap=10s");
        assertThat(at(pod, "/metadata/labels/sidestep.dev~1injected")).isEqualTo("sidecar");
        assertThat(at(status(pod), "/mode")).isEqualTo("sidecar-and-agent");
    }

    @Test
    void grpcGetsItsBootstrapAndNoContainer() {
        ObjectNode pod = decide(pod("grpc")).pod();
        assertThat(pod.at("/spec/initContainers").isMissingNode()).isTrue();
        JsonNode app = pod.at("/spec/containers/0");
        JsonNode bootstrap = yaml(env(app, "GRPC_XDS_BOOTSTRAP_CONFIG"));
        assertThat(bootstrap).isEqualTo(yaml("""
                xds_servers:
                - server_uri: control-plane.sidestep-system.svc:16012
                  channel_creds: [{type: tls, config: {ca_certificate_file: /var/run/sidestep/ca.crt}}]
                  call_creds: [{type: jwt_token_file, config: {jwt_token_file: /var/run/sidestep/token}}]
                  server_features: [xds_v3]
                node:
                  id: $(SIDESTEP_POD_NAME).$(SIDESTEP_NAMESPACE)
                  metadata:
                    namespace: $(SIDESTEP_NAMESPACE)
                    pod: $(SIDESTEP_POD_NAME)
                    node: $(SIDESTEP_NODE_NAME)
                """));
        List<String> order = names(app.at("/env"));
        assertThat(order.indexOf("SIDESTEP_POD_NAME"))
                .as("a reference works only to what stands before it")
                .isLessThan(order.indexOf("GRPC_XDS_BOOTSTRAP_CONFIG"));
        assertThat(names(pod.at("/spec/volumes"))).containsExactly("sidestep-identity");
        assertThat(at(pod, "/metadata/labels/sidestep.dev~1injected")).isEqualTo("grpc");
    }

    @Test
    void theKubeletReachesTheControlPlaneByNumberAndNamesThePodByARandomId() {
        ObjectNode pod = decide(pod("agent")).pod();
        assertThat(pod.at("/spec/containers/0/lifecycle/preStop/httpGet"))
                .isEqualTo(yaml("{host: 10.96.0.77, path: '/drained/id-1?cap=10s', port: 16017, scheme: HTTPS}"));
        assertThat(at(pod, "/metadata/annotations/sidestep.dev~1drain-id")).isEqualTo("id-1");
    }

    @ParameterizedTest
    @CsvSource({"60, 10s", "14, 9s", "6, 1s"})
    void thePodWaitsNoLongerThanItsGracePeriodAllows(int grace, String cap) {
        ObjectNode pod = decide(with(pod("sidecar"), "spec: {terminationGracePeriodSeconds: " + grace + "}"))
                .pod();
        assertThat(at(pod, "/spec/containers/0/lifecycle/preStop/httpGet/path")).isEqualTo("/drained?cap=" + cap);
    }

    @Test
    void withNoTimeToWaitThereIsNoHookAndTheStatusSaysSo() {
        Decision decision = decide(with(pod("sidecar"), "spec: {terminationGracePeriodSeconds: 5}"));
        assertThat(decision.pod().at("/spec/containers/0/lifecycle").isMissingNode())
                .isTrue();
        assertThat(decision.reason()).contains("terminationGracePeriodSeconds is 5");
    }

    @Test
    void anAppsOwnPreStopHookStaysAndTheStatusSaysSo() {
        Decision decision = decide(with(pod("agent"), """
                spec:
                  containers:
                  - {name: app, image: a, lifecycle: {preStop: {exec: {command: [sleep, "5"]}}}}
                  - {name: two, image: b, lifecycle: {postStart: {exec: {command: ["true"]}}}}
                """));
        JsonNode containers = decision.pod().at("/spec/containers");
        assertThat(containers.at("/0/lifecycle").toString())
                .isEqualTo("{\"preStop\":{\"exec\":{\"command\":[\"sleep\",\"5\"]}}}");
        assertThat(containers.at("/1/lifecycle/postStart").isObject()).isTrue();
        assertThat(containers.at("/1/lifecycle/preStop/httpGet").isObject()).isTrue();
        assertThat(at(status(decision.pod()), "/reason")).contains("app: has a preStop hook of its own");
    }

    @Test
    void aPodThatAsksNobodyAtItsEndHasNoIdToAskBy() {
        ObjectNode pod = decide(
                        with(
                                pod("agent"),
                                "spec: {containers: [{name: app, image: a, lifecycle: {preStop: {exec: {command: ['true']}}}}]}"))
                .pod();
        assertThat(pod.at("/metadata/annotations").has(DrainHook.ID_ANNOTATION)).isFalse();
    }

    /** Pod Security of 1.34 and later refuses a host in hooks, in baseline as in restricted. */
    @Test
    void wherePodSecurityRefusesAHookThatNamesAHostThePodSleeps() {
        NamespaceFacts restricted = labelled("pod-security.kubernetes.io/enforce", "restricted");
        Decision decision = decide(pod("agent"), restricted);
        assertThat(decision.pod().at("/spec/containers/0/lifecycle").toString())
                .isEqualTo("{\"preStop\":{\"sleep\":{\"seconds\":5}}}");
        assertThat(decision.reason()).contains("waits 5 s at its end, without acknowledgement");

        NamespaceFacts older = labelled(
                "pod-security.kubernetes.io/enforce",
                "restricted",
                "pod-security.kubernetes.io/enforce-version",
                "v1.33");
        assertThat(decide(pod("agent"), older)
                        .pod()
                        .at("/spec/containers/0/lifecycle/preStop/httpGet")
                        .isObject())
                .isTrue();
    }

    @Test
    void anotherClusterDomainIsTold() throws ManifestException {
        var injector = new Injector(Settings.parse("clusterDomain: corp.example"), () -> "id");
        JsonNode app = injector.decide(pod("agent"), SHOP, CLUSTER).pod().at("/spec/containers/0");
        assertThat(env(app, "SIDESTEP_CLUSTER_DOMAIN")).isEqualTo("corp.example");
    }

    @Test
    void whatThePodSetsForUsItselfStays() {
        ObjectNode pod = decide(
                        with(
                                pod("agent"),
                                "spec: {containers: [{name: app, image: a, env: [{name: SIDESTEP_CONTROL_PLANE, value: 'other:1'}]}]}"))
                .pod();
        assertThat(env(pod.at("/spec/containers/0"), "SIDESTEP_CONTROL_PLANE")).isEqualTo("other:1");
        assertThat(names(pod.at("/spec/containers/0/env"))).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @ValueSource(strings = {"agent", "sidecar", "grpc", "sidecar-and-agent"})
    void aSecondCallChangesNothing(String mode) {
        ObjectNode asked = with(pod(mode), "spec: {initContainers: [{name: migrate, image: app}]}");
        ObjectNode once = decide(asked).pod();
        Decision twice = decide(once);
        assertThat(twice.pod()).isEqualTo(once);
        assertThat(JsonPatch.between(once, twice.pod())).isEmpty();
    }

    @Test
    void aSecondCallGivesTheAgentToAContainerThatAnotherWebhookAdded() {
        ObjectNode once = decide(pod("agent")).pod();
        ((ArrayNode) once.at("/spec/containers"))
                .addObject()
                .put("name", "added")
                .put("image", "x");
        ObjectNode twice = decide(once).pod();
        assertThat(env(twice.at("/spec/containers/1"), "JDK_JAVA_OPTIONS")).startsWith("-javaagent");
        assertThat(twice.at("/spec/containers/0/env")).isEqualTo(once.at("/spec/containers/0/env"));
        assertThat(at(twice, "/spec/containers/1/lifecycle/preStop/httpGet/path"))
                .isEqualTo("/drained/id-1?cap=10s");
    }

    static Stream<ObjectNode> podsOfAllSorts() {
        return Stream.of("agent", "sidecar", "grpc", "sidecar-and-agent")
                .flatMap(mode -> Stream.of(pod(mode), with(pod(mode), """
                                metadata: {annotations: {"a/b~c": d}}
                                spec:
                                  volumes: [{name: v, emptyDir: {}}]
                                  initContainers: [{name: i, image: i}]
                                  containers:
                                  - name: app
                                    image: a
                                    env: [{name: A, value: b}, {name: JAVA_TOOL_OPTIONS, value: -Xmx1g}]
                                    volumeMounts: [{name: v, mountPath: /v}]
                                  - {name: two, image: b}
                                """)));
    }

    @ParameterizedTest
    @MethodSource("podsOfAllSorts")
    void thePatchMakesOfThePodWhatWasDecided(ObjectNode pod) {
        Decision decision = decide(pod);
        var patch = JsonPatch.between(pod, decision.pod());
        assertThat(PodBuilder.applied(pod, patch)).isEqualTo(decision.pod());
        assertThat(patch.valueStream().map(operation -> at(operation, "/op")))
                .as("lists grow, nothing is taken away: what another webhook does at the same time is not undone")
                .allMatch(op -> op.equals("add") || op.equals("replace"));
    }
}
