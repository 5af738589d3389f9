package dev.sidestep.control.injector;

import static dev.sidestep.control.injector.PodBuilder.at;
import static dev.sidestep.control.injector.PodBuilder.pod;
import static dev.sidestep.control.injector.PodBuilder.with;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.settings.Settings;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

final class WebhookTest {
    private final MeterRegistry registry = new SimpleMeterRegistry();
    private Webhook.Facts facts = facts(NamespaceFacts.named("shop"));

    private static Webhook.Facts facts(NamespaceFacts namespace) {
        return new Webhook.Facts() {
            @Override
            public NamespaceFacts namespace(String name) {
                return namespace;
            }

            @Override
            public ClusterFacts cluster() {
                return new ClusterFacts(Optional.empty(), List.of("10.96.0.0/16"), "PEM", Optional.of("10.96.0.1"));
            }
        };
    }

    private ObjectNode ask(ObjectNode object, String more) {
        ObjectNode request = with(PodBuilder.yaml("""
                        uid: "42"
                        operation: CREATE
                        resource: {group: "", version: v1, resource: pods}
                        namespace: shop
                        """), more);
        request.set("object", object);
        var injector = new Injector(Settings.DEFAULT, () -> "id");
        return new Webhook(injector, facts, Set.of("kube-system", "sidestep-system"), registry).response(request);
    }

    private double count(String result, String reason) {
        Collection<Counter> found = registry.find("sidestep.injections")
                .tag("result", result)
                .tag("reason", reason)
                .counters();
        return found.stream().mapToDouble(Counter::count).sum();
    }

    private static JsonNode patch(ObjectNode response) {
        return JsonMapper.shared()
                .readTree(Base64.getDecoder().decode(response.path("patch").asString("")));
    }

    @Test
    void aPatchIsAnswered() {
        ObjectNode response = ask(pod("agent"), "{}");
        assertThat(at(response, "/uid")).isEqualTo("42");
        assertThat(response.path("allowed").asBoolean(false)).isTrue();
        assertThat(at(response, "/patchType")).isEqualTo("JSONPatch");
        JsonNode patched = PodBuilder.applied(pod("agent"), (ArrayNode) patch(response));
        assertThat(at(patched, "/spec/initContainers/0/name")).isEqualTo("sidestep-agent-init");
        assertThat(response.has("warnings")).isFalse();
        assertThat(count("injected", "")).isEqualTo(1);
    }

    @Test
    void whoeverMakesAPodByHandIsWarned() {
        ObjectNode response = ask(with(pod("sidecar"), "spec: {hostNetwork: true}"), "{}");
        assertThat(response.path("allowed").asBoolean(false)).isTrue();
        assertThat(at(response, "/warnings/0"))
                .startsWith("sidestep: host-network: ")
                .hasSizeLessThanOrEqualTo(250);
        assertThat(patch(response).size()).as("the status only").isEqualTo(1);
        assertThat(count("declined", "host-network")).isEqualTo(1);
    }

    @Test
    void aPodOfWhichWeAreAskedAgainCountsOnce() {
        JsonNode once = PodBuilder.applied(pod("agent"), (ArrayNode) patch(ask(pod("agent"), "{}")));
        assertThat(ask((ObjectNode) once, "{}").has("patch")).isFalse();
        assertThat(count("injected", "")).isEqualTo(1);
    }

    @Test
    void aDryRunIsAnsweredAlikeAndNotCounted() {
        ObjectNode response = ask(pod("agent"), "dryRun: true");
        assertThat(response.has("patch")).isTrue();
        assertThat(count("injected", "")).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "namespace: kube-system",
                "namespace: sidestep-system",
                "operation: UPDATE",
                "resource: {resource: services}",
                "subResource: ephemeralcontainers",
            })
    void whatIsNotOursPasses(String more) {
        ObjectNode response = ask(pod("agent"), more);
        assertThat(response.path("allowed").asBoolean(false)).isTrue();
        assertThat(response.has("patch")).isFalse();
    }

    @Test
    void aPodThatDoesNotAskIsNotTouched() {
        assertThat(ask(pod("disabled"), "{}").has("patch")).isFalse();
        assertThat(count("left-alone", "")).isEqualTo(1);
    }

    /** Without knowing the quota, an injection could stop the pod. */
    @Test
    void whereTheNamespaceCannotBeReadThePodPassesAsItIs() {
        facts = new Webhook.Facts() {
            @Override
            public NamespaceFacts namespace(String name) throws IOException {
                throw new IOException("the API server did not tell");
            }

            @Override
            public ClusterFacts cluster() {
                return ClusterFacts.unknown();
            }
        };
        ObjectNode response = ask(pod("agent"), "{}");
        assertThat(response.path("allowed").asBoolean(false)).isTrue();
        assertThat(response.has("patch")).isFalse();
        assertThat(count("error", "namespace-unknown")).isEqualTo(1);
    }

    @Test
    void whatMakesNoSenseIsNoReasonToStopAPod() {
        ObjectNode odd = PodBuilder.yaml(
                "{metadata: {labels: {sidestep.dev/inject: agent}}, spec: {containers: {name: a}, volumes: 7}}");
        ObjectNode response = ask(odd, "{}");
        assertThat(response.path("allowed").asBoolean(false)).isTrue();
    }

    @Test
    void theNamespacesLabelCounts() {
        facts = facts(
                new NamespaceFacts("shop", Map.of("sidestep.dev/inject", "grpc"), Map.of(), List.of(), List.of()));
        ObjectNode pod = PodBuilder.yaml("{metadata: {name: web}, spec: {containers: [{name: app, image: app}]}}");
        assertThat(patch(ask(pod, "{}")).toString()).contains("GRPC_XDS_BOOTSTRAP_CONFIG");
    }
}
