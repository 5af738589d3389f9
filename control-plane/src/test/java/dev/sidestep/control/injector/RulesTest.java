package dev.sidestep.control.injector;

import static dev.sidestep.control.injector.PodBuilder.at;
import static dev.sidestep.control.injector.PodBuilder.pod;
import static dev.sidestep.control.injector.PodBuilder.status;
import static dev.sidestep.control.injector.PodBuilder.with;
import static dev.sidestep.control.injector.PodBuilder.yaml;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.injector.Decision.Result;
import dev.sidestep.control.manifest.ManifestException;
import dev.sidestep.control.settings.Settings;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The table of docs/injection.md: rule, outcome, remedy. */
final class RulesTest {
    private static final ClusterFacts CLUSTER = new ClusterFacts(
            KubernetesVersion.parse("v1.35.4"), List.of("10.96.0.0/16"), "PEM", Optional.of("10.96.0.77"));
    private static final NamespaceFacts SHOP = NamespaceFacts.named("shop");

    private static Decision decide(ObjectNode pod, NamespaceFacts namespace, ClusterFacts cluster, String settings) {
        try {
            return new Injector(Settings.parse(settings), () -> "id").decide(pod, namespace, cluster);
        } catch (ManifestException e) {
            throw new AssertionError(e);
        }
    }

    private static Decision decide(ObjectNode pod, NamespaceFacts namespace) {
        return decide(pod, namespace, CLUSTER, "");
    }

    private static NamespaceFacts labelled(String key, String value) {
        return new NamespaceFacts("shop", Map.of(key, value), Map.of(), List.of(), List.of());
    }

    private static NamespaceFacts withQuotas(String... quotas) {
        return new NamespaceFacts(
                "shop",
                Map.of(),
                Map.of(),
                List.<JsonNode>copyOf(
                        java.util.Arrays.stream(quotas).map(PodBuilder::yaml).toList()),
                List.of());
    }

    private static NamespaceFacts withLimits(String range) {
        return new NamespaceFacts("shop", Map.of(), Map.of(), List.of(), List.of(yaml(range)));
    }

    private static void assertDeclined(Decision decision, ObjectNode original, Rule rule, String says) {
        assertThat(decision.result()).isEqualTo(Result.DECLINED);
        assertThat(decision.rule()).contains(rule);
        assertThat(decision.reason()).startsWith(rule.text() + ": ").contains(says, "; ");
        assertThat(at(status(decision.pod()), "/mode")).isEqualTo("none");
        assertThat(at(status(decision.pod()), "/reason")).isEqualTo(decision.reason());
        assertThat(decision.isWorthAnEvent()).isTrue();
        // Nothing else of the pod has changed.
        ObjectNode without = decision.pod().deepCopy();
        ((ObjectNode) without.at("/metadata/annotations")).remove(Injector.STATUS_ANNOTATION);
        ObjectNode before = with(original, "metadata: {annotations: {}}");
        assertThat(without).isEqualTo(before);
    }

    static List<InjectionTable.Row> rows() {
        return InjectionTable.rows();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void everyRowOfTheTableHasItsOutcome(InjectionTable.Row row) {
        ObjectNode pod = row.asked();
        Decision decision = decide(pod, row.namespace());
        assertThat(decision.mode()).isEqualTo(row.mode());
        assertThat(decision.rule()).isEqualTo(Optional.ofNullable(row.rule()));
        assertThat(decision.reason()).contains(row.says());
        if (row.rule() != null && row.mode().equals("none")) {
            assertDeclined(decision, pod, row.rule(), row.says());
        }
    }

    /** The API server asks again after another webhook; what was declined for its names must not get them then. */
    @ParameterizedTest
    @MethodSource("rows")
    void askedAgainTheAnswerIsTheSame(InjectionTable.Row row) {
        Decision once = decide(row.asked(), row.namespace());
        Decision twice = decide(once.pod(), row.namespace());
        assertThat(JsonPatch.between(once.pod(), twice.pod())).isEmpty();
        assertThat(twice.result()).isEqualTo(once.result());
    }

    /** So that the table is the whole table. */
    @Test
    void everyRuleHasARowOrATestOfItsOwn() {
        Set<Rule> elsewhere = Set.of(Rule.STATIC_POD, Rule.KUBERNETES_VERSION, Rule.SERVICE_RANGES);
        for (Rule rule : Rule.values()) {
            boolean inTable = rows().stream().anyMatch(row -> row.rule() == rule);
            assertThat(inTable || elsewhere.contains(rule)).as(rule.text()).isTrue();
        }
    }

    @Test
    void aStaticPodIsNotEvenAnnotated() {
        ObjectNode pod = with(pod("agent"), "metadata: {annotations: {kubernetes.io/config.mirror: abc}}");
        Decision decision = decide(pod, SHOP);
        assertThat(decision.rule()).contains(Rule.STATIC_POD);
        assertThat(decision.pod()).isEqualTo(pod);
    }

    @ParameterizedTest
    @CsvSource({
        "istio-injection, enabled",
        "istio.io/rev, canary",
        "istio.io/dataplane-mode, ambient",
        "kuma.io/sidecar-injection, enabled",
    })
    void anotherMeshOfTheNamespaceCounts(String key, String value) {
        assertDeclined(decide(pod("agent"), labelled(key, value)), pod("agent"), Rule.OTHER_MESH, key);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "istio-injection | enabled | metadata: {labels: {sidecar.istio.io/inject: 'false'}}",
                "istio-injection | disabled | {}",
                "istio.io/dataplane-mode | ambient | metadata: {labels: {istio.io/dataplane-mode: none}}",
                "linkerd.io/inject | enabled | metadata: {annotations: {linkerd.io/inject: disabled}}",
            })
    void aPodThatSaysNoToTheOtherMeshIsOurs(String key, String value, String more) {
        assertThat(decide(with(pod("agent"), more), labelled(key, value)).result())
                .isEqualTo(Result.INJECTED);
    }

    @Test
    void theAgentNeedsNoNetworkOfItsOwn() {
        assertThat(decide(with(pod("agent"), "spec: {hostNetwork: true}"), SHOP).mode())
                .isEqualTo("agent");
    }

    @ParameterizedTest
    @CsvSource({"1.28, false", "1.29, true", "1.35, true"})
    void nativeSidecarsAreWaitedFor(String version, boolean injected) {
        var cluster = new ClusterFacts(
                KubernetesVersion.parse(version), CLUSTER.serviceRanges(), "PEM", CLUSTER.drainAddress());
        Decision sidecar = decide(pod("sidecar"), SHOP, cluster, "");
        if (injected) {
            assertThat(sidecar.result()).isEqualTo(Result.INJECTED);
        } else {
            assertDeclined(sidecar, pod("sidecar"), Rule.KUBERNETES_VERSION, "here is " + version);
        }
        assertThat(decide(pod("agent"), SHOP, cluster, "").result()).isEqualTo(Result.INJECTED);
    }

    @Test
    void withoutServiceRangesThereIsNothingToRedirect() {
        var cluster = new ClusterFacts(CLUSTER.version(), List.of(), "PEM", CLUSTER.drainAddress());
        assertDeclined(
                decide(pod("sidecar"), SHOP, cluster, ""), pod("sidecar"), Rule.SERVICE_RANGES, "set serviceRanges");
        ObjectNode all = with(pod("sidecar"), "metadata: {annotations: {sidestep.dev/intercept: all}}");
        assertThat(decide(all, SHOP, cluster, "").mode()).isEqualTo("sidecar");
    }

    @ParameterizedTest
    @CsvSource({
        "privileged, agent, sidecar, sidecar",
        "baseline, agent, sidecar, agent",
        "restricted, agent, sidecar, agent",
        "restricted, proxy, sidecar, proxy",
        "restricted, none, sidecar, none",
        "restricted, none, agent, agent",
        "restricted, none, grpc, grpc",
        "restricted, proxy, sidecar-and-agent, proxy",
    })
    void wherePodSecurityForbidsTheRedirectThePodGetsWhatTheChartSays(
            String level, String psaMode, String asked, String got) {
        Decision decision = decide(
                pod(asked),
                labelled("pod-security.kubernetes.io/enforce", level),
                CLUSTER,
                "injection: {psaMode: " + psaMode + "}");
        assertThat(decision.mode()).isEqualTo(got);
        boolean asAsked = got.equals(asked);
        assertThat(decision.rule().isEmpty()).isEqualTo(asAsked);
        if (!asAsked) {
            assertThat(decision.rule()).contains(Rule.POD_SECURITY);
            assertThat(decision.reason())
                    .startsWith("pod-security: Pod Security of the namespace forbids the redirect");
            assertThat(decision.isWorthAnEvent()).isTrue();
        }
        assertThat(decision.pod().toString().contains("NET_ADMIN")).isEqualTo(got.equals("sidecar"));
    }

    @Test
    void theClustersOwnDefaultOfPodSecurityCountsWhereTheNamespaceHasNone() {
        assertThat(decide(pod("sidecar"), SHOP, CLUSTER, "injection: {podSecurity: baseline}")
                        .mode())
                .isEqualTo("agent");
        assertThat(decide(
                                pod("sidecar"),
                                labelled("pod-security.kubernetes.io/enforce", "privileged"),
                                CLUSTER,
                                "injection: {podSecurity: baseline}")
                        .mode())
                .isEqualTo("sidecar");
    }

    @Test
    void aProxyAskedForNeedsNoRight() {
        ObjectNode pod = with(pod("sidecar"), "metadata: {annotations: {sidestep.dev/intercept: none}}");
        Decision decision = decide(pod, labelled("pod-security.kubernetes.io/enforce", "restricted"));
        assertThat(decision.mode()).isEqualTo("proxy");
        assertThat(decision.rule()).isEmpty();
    }

    @Test
    void whatAFullQuotaWouldRefuseIsNotInjected() {
        NamespaceFacts full = withQuotas("""
                metadata: {name: small}
                spec: {hard: {requests.memory: 100Mi}}
                status: {hard: {requests.memory: 100Mi}, used: {requests.memory: 50Mi}}
                """);
        ObjectNode pod = with(
                pod("sidecar"),
                "spec: {containers: [{name: app, resources: {requests: {memory: 40Mi}, limits: {memory: 40Mi}}}]}");
        assertDeclined(decide(pod, full), pod, Rule.QUOTA, "ResourceQuota small: requests.memory");
        assertThat(decide(with(pod, "metadata: {annotations: {sidestep.dev/sidecar-memory-request: 8Mi}}"), full)
                        .result())
                .isEqualTo(Result.INJECTED);
        assertThat(decide(with(pod, "metadata: {labels: {sidestep.dev/inject: agent}}"), full)
                        .result())
                .as("an init container costs nothing beside an app that asks for more")
                .isEqualTo(Result.INJECTED);
    }

    @Test
    void aQuotaThatMakesEveryContainerSayItsLimitsIsObeyed() {
        NamespaceFacts strict = withQuotas("{metadata: {name: strict}, spec: {hard: {limits.cpu: '10'}}}");
        ObjectNode pod = with(pod("sidecar"), "spec: {containers: [{name: app, resources: {limits: {cpu: '1'}}}]}");
        assertThat(decide(pod, strict).result()).isEqualTo(Result.INJECTED);
        assertDeclined(
                decide(pod, strict, CLUSTER, "sidecar: {cpuLimit: ''}"),
                pod,
                Rule.QUOTA,
                "every container must have limits.cpu");
    }

    @Test
    void aPodThatAQuotaRefusesAnywayIsInjectedAsAsked() {
        NamespaceFacts full =
                withQuotas("{metadata: {name: q}, spec: {hard: {requests.cpu: 1}}, status: {used: {requests.cpu: 1}}}");
        ObjectNode pod = with(pod("agent"), "spec: {containers: [{name: app, resources: {requests: {cpu: 1}}}]}");
        assertThat(decide(pod, full).result()).isEqualTo(Result.INJECTED);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "scopes: [Terminating]    | INJECTED",
                "scopes: [NotTerminating] | DECLINED",
                "scopes: [BestEffort]     | INJECTED",
                "scopes: [NotBestEffort]  | DECLINED",
                "scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [high]}]} | INJECTED",
                "scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: DoesNotExist}]} | DECLINED",
            })
    void onlyQuotasOfThePodsScopeCount(String scope, Result result) {
        NamespaceFacts full = withQuotas("{metadata: {name: q}, spec: {hard: {requests.cpu: 15m}, " + scope
                + "}, status: {used: {requests.cpu: 0}}}");
        ObjectNode pod = with(pod("sidecar"), "spec: {containers: [{name: app, resources: {requests: {cpu: 10m}}}]}");
        assertThat(decide(pod, full).result()).isEqualTo(result);
    }

    @Test
    void ourContainersAreRaisedToALimitRangesMinimum() {
        NamespaceFacts range = withLimits("""
                metadata: {name: floor}
                spec:
                  limits:
                  - type: Container
                    min: {cpu: 200m, memory: 100Mi}
                    default: {cpu: 500m, memory: 500Mi}
                    defaultRequest: {cpu: 500m, memory: 500Mi}
                """);
        Decision decision = decide(pod("sidecar"), range);
        assertThat(decision.result()).isEqualTo(Result.INJECTED);
        assertThat(decision.pod().at("/spec/initContainers/0/resources"))
                .isEqualTo(yaml("{requests: {cpu: 200m, memory: 100Mi}, limits: {cpu: 200m, memory: 100Mi}}"));
        assertThat(decision.pod().at("/spec/initContainers/1/resources"))
                .isEqualTo(yaml("{requests: {cpu: 200m, memory: 100Mi}, limits: {cpu: '1', memory: 128Mi}}"));
    }

    @Test
    void aSidecarGetsLessCpuWhereALimitRangeSaysSoButNotLessMemory() {
        String range = """
                metadata: {name: ceiling}
                spec: {limits: [{type: Container, max: {cpu: 50m, memory: %s}, default: {cpu: 50m, memory: 32Mi}}]}
                """;
        Decision decision = decide(pod("sidecar"), withLimits(range.formatted("128Mi")));
        assertThat(decision.result()).isEqualTo(Result.INJECTED);
        assertThat(at(decision.pod(), "/spec/initContainers/1/resources/limits/cpu"))
                .isEqualTo("50m");
        assertDeclined(
                decide(pod("sidecar"), withLimits(range.formatted("100Mi"))),
                pod("sidecar"),
                Rule.LIMIT_RANGE,
                "container sidestep-sidecar: at most 100Mi memory");
        assertThat(decide(pod("agent"), withLimits(range.formatted("16Mi"))).result())
                .as("an init container can do with less")
                .isEqualTo(Result.INJECTED);
    }

    @Test
    void aRatioOfLimitToRequestIsKept() {
        NamespaceFacts range = withLimits("""
                metadata: {name: ratio}
                spec:
                  limits:
                  - type: Container
                    maxLimitRequestRatio: {cpu: '4'}
                    default: {cpu: 100m}
                    defaultRequest: {cpu: 100m}
                """);
        Decision decision = decide(pod("sidecar"), range);
        assertThat(decision.result()).isEqualTo(Result.INJECTED);
        assertThat(at(decision.pod(), "/spec/initContainers/1/resources/requests/cpu"))
                .isEqualTo("250m");
    }

    @Test
    void aLimitRangeForThePodAsAWholeCounts() {
        NamespaceFacts range =
                withLimits("{metadata: {name: whole}, spec: {limits: [{type: Pod, max: {memory: 200Mi}}]}}");
        ObjectNode pod = with(
                pod("sidecar"),
                "spec: {containers: [{name: app, resources: {requests: {memory: 100Mi}, limits: {memory: 100Mi}}}]}");
        assertDeclined(decide(pod, range), pod, Rule.LIMIT_RANGE, "LimitRange whole, pod: at most 200Mi memory");
    }

    @Test
    void aGuaranteedPodStaysOneWithTheAgentAndIsToldOtherwiseWithASidecar() {
        ObjectNode pod = with(
                pod("agent"),
                "spec: {containers: [{name: app, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1, memory: 1Gi}}}]}");
        assertThat(decide(pod, SHOP).reason()).isEmpty();
        assertThat(decide(with(pod, "metadata: {labels: {sidestep.dev/inject: sidecar}}"), SHOP)
                        .reason())
                .contains("quality of service is Burstable now");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "intercept: 'services,all' | sidestep.dev/intercept: \"services,all\" (expected: services, all, none; nearest: services); the default holds",
                "exclude-outbound-ports: http | sidestep.dev/exclude-outbound-ports: \"http\" (expected: ports such as 8080,9000-9100); the default holds",
                "exclude-outbound-ports: '70000' | sidestep.dev/exclude-outbound-ports: \"70000\" (expected: ports such as 8080,9000-9100); the default holds",
                "exclude-outbound-ip-ranges: 10.0.0.0/40 | sidestep.dev/exclude-outbound-ip-ranges: \"10.0.0.0/40\" (expected: CIDR blocks such as 10.0.0.0/8); the default holds",
                "sidecar-cpu-request: lots | sidestep.dev/sidecar-cpu-request: \"lots\" (expected: a quantity such as 100m or 64Mi); the default holds",
                "log-level: verbose | sidestep.dev/log-level: \"verbose\" (expected: trace, debug, info, warn, error; nearest: error); the default holds",
                "version: 'a b' | sidestep.dev/version: \"a b\" (expected: an image tag); the default holds",
                "containers: 'app,wrker' | sidestep.dev/containers: \"wrker\" (expected: containers of the pod, app; nearest: app); ignored",
                "intercpt: all | sidestep.dev/intercpt: not known on a pod (nearest: sidestep.dev/intercept); ignored",
                "inject: sidecar | sidestep.dev/inject: is a label, not an annotation; ignored",
            })
    void aWrongAnnotationKeepsTheDefaultAndIsReported(String annotation, String complaint) {
        ObjectNode pod = with(pod("sidecar"), "metadata: {annotations: {sidestep.dev/" + annotation + "}}");
        Decision decision = decide(pod, SHOP);
        assertThat(decision.result()).isEqualTo(Result.INJECTED);
        assertThat(decision.complaints()).containsExactly(complaint);
        assertThat(decision.reason()).contains(complaint);
        assertThat(decision.isWorthAnEvent()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "2, , 2, 2",
        ", 5m, 5m, 5m",
        "2, 1, 10m, 1",
        "100m, 2, 100m, 2",
    })
    void aRequestIsNeverAboveItsLimit(String request, String limit, String gotRequest, String gotLimit) {
        String annotations = (request == null ? "" : "sidestep.dev/sidecar-cpu-request: '" + request + "', ")
                + (limit == null ? "" : "sidestep.dev/sidecar-cpu-limit: '" + limit + "'");
        Decision decision = decide(with(pod("sidecar"), "metadata: {annotations: {" + annotations + "}}"), SHOP);
        JsonNode resources = decision.pod().at("/spec/initContainers/1/resources");
        assertThat(at(resources, "/requests/cpu")).isEqualTo(gotRequest);
        assertThat(at(resources, "/limits/cpu")).isEqualTo(gotLimit);
        assertThat(decision.complaints()).hasSize(gotRequest.equals("10m") ? 1 : 0);
    }

    /** Every container of ours, in every mode, under every rule that adapts it. */
    @ParameterizedTest
    @EnumSource(Placement.class)
    void everyInjectedContainerIsBoundedAndMayDoNextToNothing(Placement placement) {
        ObjectNode asked = placement == Placement.PROXY
                ? with(pod("sidecar"), "metadata: {annotations: {sidestep.dev/intercept: none}}")
                : pod(placement.text());
        for (JsonNode container : decide(asked, SHOP).pod().at("/spec/initContainers")) {
            String name = at(container, "/name");
            for (String bound : List.of("requests/cpu", "requests/memory", "limits/cpu", "limits/memory")) {
                assertThat(at(container, "/resources/" + bound))
                        .as("%s of %s", bound, name)
                        .isNotEmpty();
            }
            JsonNode security = container.at("/securityContext");
            assertThat(at(security, "/seccompProfile/type")).as(name).isEqualTo("RuntimeDefault");
            assertThat(security.at("/allowPrivilegeEscalation").asBoolean(true))
                    .as(name)
                    .isFalse();
            assertThat(at(security, "/capabilities/drop/0")).as(name).isEqualTo("ALL");
            boolean redirect = name.equals("sidestep-redirect");
            assertThat(security.at("/runAsNonRoot").asBoolean(false)).as(name).isEqualTo(!redirect);
            assertThat(security.at("/capabilities/add").toString()).isEqualTo(redirect ? "[\"NET_ADMIN\"]" : "");
        }
    }
}
