package dev.sidestep.control.injector;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.sidestep.control.https.HttpsListener;
import dev.sidestep.control.settings.Settings;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Answers the API server's AdmissionReview (v1) for a pod that is about to be made. Every pod is allowed: nothing that
 * goes wrong here may stop one. Any thread.
 */
public final class Webhook implements HttpHandler {
    /** Where the API server finds it. */
    public static final String PATH = "/inject";

    private static final Logger LOG = LoggerFactory.getLogger(Webhook.class);

    /** More than an API server takes of an object, twice: a review holds the old one too. */
    private static final int MAX_BYTES = 8 << 20;

    /** An API server cuts longer ones, and drops all beyond 4 KB. */
    private static final int WARNING_LENGTH = 250;

    private static final String JSON_TYPE = "application/json";

    private final Injector injector;
    private final Facts facts;
    private final Set<String> excluded;
    private final MeterRegistry registry;
    private final ObjectMapper json = JsonMapper.shared();

    /** What the decision needs to know; may take a moment. */
    public interface Facts {
        /**
         * What is known of a namespace.
         *
         * @throws IOException if it cannot be told what it allows; one line, for the log
         */
        NamespaceFacts namespace(String name) throws IOException;

        ClusterFacts cluster();
    }

    /** @param excluded namespaces whose pods are never injected */
    public Webhook(Injector injector, Facts facts, Set<String> excluded, MeterRegistry registry) {
        this.injector = injector;
        this.facts = facts;
        this.excluded = Set.copyOf(excluded);
        this.registry = registry;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestMethod().equals("POST")) {
            HttpsListener.answer(exchange, 405, "text/plain; charset=utf-8", "only POST is answered here\n");
            return;
        }
        byte[] body = exchange.getRequestBody().readNBytes(MAX_BYTES + 1);
        if (body.length > MAX_BYTES) {
            HttpsListener.answer(exchange, 413, "text/plain; charset=utf-8", "more than " + MAX_BYTES + " bytes\n");
            return;
        }
        JsonNode review;
        try {
            review = json.readTree(body);
        } catch (JacksonException e) {
            HttpsListener.answer(exchange, 400, "text/plain; charset=utf-8", "this is no JSON\n");
            return;
        }
        if (!(review.path("request") instanceof ObjectNode request)
                || !review.path("apiVersion").asString("").equals("admission.k8s.io/v1")) {
            HttpsListener.answer(
                    exchange,
                    400,
                    "text/plain; charset=utf-8",
                    "expected: an AdmissionReview of admission.k8s.io/v1\n");
            return;
        }
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        answer.put("apiVersion", "admission.k8s.io/v1").put("kind", "AdmissionReview");
        answer.set("response", response(request));
        HttpsListener.answer(exchange, 200, JSON_TYPE, json.writeValueAsString(answer));
    }

    /** For the review's {@code request}. */
    ObjectNode response(ObjectNode request) {
        ObjectNode response = JsonNodeFactory.instance.objectNode();
        response.set("uid", request.path("uid"));
        response.put("allowed", true);
        try {
            review(request, response);
        } catch (IOException unknown) {
            LOG.warn("a pod of namespace {} is not injected: {}", namespaceOf(request), unknown.getMessage());
            count("error", "namespace-unknown");
        } catch (RuntimeException e) {
            // Fully said once it is seen; the pod goes on as if we were not there.
            LOG.error("a pod of namespace {} could not be looked at, and is not injected", namespaceOf(request), e);
            count("error", e.getClass().getSimpleName());
        }
        return response;
    }

    private void review(ObjectNode request, ObjectNode response) throws IOException {
        boolean pod = request.path("operation").asString("").equals("CREATE")
                && request.path("resource").path("resource").asString("").equals("pods")
                && request.path("subResource").asString("").isEmpty();
        String namespace = namespaceOf(request);
        if (!pod || excluded.contains(namespace) || !(request.path("object") instanceof ObjectNode object)) {
            return;
        }
        Decision decision = injector.decide(object, facts.namespace(namespace), facts.cluster());
        ArrayNode patch = JsonPatch.between(object, decision.pod());
        if (!patch.isEmpty()) {
            byte[] bytes = json.writeValueAsString(patch).getBytes(StandardCharsets.UTF_8);
            response.put("patchType", "JSONPatch");
            response.put("patch", Base64.getEncoder().encodeToString(bytes));
        }
        List<String> warnings = warnings(decision);
        if (!warnings.isEmpty()) {
            ArrayNode list = response.putArray("warnings");
            warnings.forEach(list::add);
        }
        // Asked again after another webhook, of a pod that is as we left it.
        boolean again =
                patch.isEmpty() && object.path("metadata").path("annotations").has(Injector.STATUS_ANNOTATION);
        if (!again && !request.path("dryRun").asBoolean(false)) {
            String rule = decision.rule().map(Rule::text).orElse("");
            count(decision.result().name().toLowerCase(Locale.ROOT).replace('_', '-'), rule);
            LOG.debug("pod of {}: {} {}", namespace, decision.mode(), decision.reason());
        }
    }

    /** Shown to who makes a pod by hand; who makes it by a Deployment finds an Event. */
    private static List<String> warnings(Decision decision) {
        if (!decision.isWorthAnEvent()) {
            return List.of();
        }
        var warnings = new ArrayList<String>();
        decision.rule().ifPresent(rule -> warnings.add("sidestep: " + decision.reason()));
        decision.complaints().forEach(complaint -> warnings.add("sidestep: " + complaint));
        return warnings.stream()
                .map(warning -> warning.length() > WARNING_LENGTH ? warning.substring(0, WARNING_LENGTH) : warning)
                .toList();
    }

    private static String namespaceOf(ObjectNode request) {
        return request.path("namespace").asString("");
    }

    private void count(String result, String reason) {
        Counter.builder("sidestep.injections")
                .description("Pods that the injector was asked about, by what became of them")
                .tag("result", result)
                .tag("reason", reason)
                .register(registry)
                .increment();
    }

    /** Decides on pods that nobody asked about, so that all classes are there: the first real one does not wait for them. */
    static void warmUp(Settings settings, int rounds) {
        ObjectMapper mapper = JsonMapper.shared();
        var injector = new Injector(settings, () -> "warm-up");
        for (int round = 0; round < rounds; round++) {
            for (Placement placement : Placement.values()) {
                JsonNode pod = mapper.readTree("{\"metadata\":{\"labels\":{\"" + Injector.INJECT_LABEL + "\":\""
                        + placement.text()
                        + "\"}},\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"b\",\"env\":[]}]}}");
                Decision decision =
                        injector.decide((ObjectNode) pod, NamespaceFacts.named("warm-up"), ClusterFacts.unknown());
                mapper.writeValueAsString(JsonPatch.between(pod, decision.pod()));
            }
        }
    }
}
