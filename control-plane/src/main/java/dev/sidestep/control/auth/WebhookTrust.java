package dev.sidestep.control.auth;

import dev.sidestep.concurrent.SerialExecutor;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Sees to it that the API server trusts our injector: the {@code caBundle} of each entry of the webhook's configuration is
 * our bundle, whoever else writes it. By server-side apply as a field manager of its own, which so owns this one field and
 * nothing else; the rest is the chart's. Confined to {@code owner}, which may block, but for {@link #start}.
 */
final class WebhookTrust {
    /** As it stands in the object's {@code managedFields}. */
    static final String FIELD_MANAGER = "sidestep-control-plane-ca";

    private static final Logger LOG = LoggerFactory.getLogger(WebhookTrust.class);

    /** Pods that are made while somebody else's bundle stands there are not injected. */
    private static final Duration LOOK = Duration.ofSeconds(5);

    private final SerialExecutor owner;
    private final KubernetesClient client;
    private final String name;
    private final Consumer<List<String>> problems;
    private final JsonMapper json = new JsonMapper();
    private String bundle = "";

    /**
     * Acts after {@link #start}.
     *
     * @param name of the MutatingWebhookConfiguration
     * @param problems is told why it could not be applied, an empty list if it was; on the owner
     */
    WebhookTrust(SerialExecutor owner, KubernetesClient client, String name, Consumer<List<String>> problems) {
        this.owner = owner;
        this.client = client;
        this.name = name;
        this.problems = problems;
    }

    /** Begins. Any thread, once; returns at once. */
    void start(ServerIdentity identity) {
        identity.listen(latest -> owner.execute(() -> {
            bundle = latest;
            apply();
        }));
        owner.execute(this::look);
    }

    private void look() {
        apply();
        owner.schedule(LOOK, this::look);
    }

    private void apply() {
        owner.checkCurrent();
        if (bundle.isEmpty()) {
            return;
        }
        String verb = "get";
        try {
            MutatingWebhookConfiguration current = client.admissionRegistration()
                    .v1()
                    .mutatingWebhookConfigurations()
                    .withName(name)
                    .get();
            if (current != null && !isApplied(current)) {
                verb = "patch";
                patch(current);
                LOG.info("caBundle of MutatingWebhookConfiguration {} applied", name);
            }
            problems.accept(List.of());
        } catch (KubernetesClientException e) {
            problems.accept(List.of(ApiTrouble.of("MutatingWebhookConfiguration " + name + ", caBundle", verb, e)
                    .getMessage()));
        }
    }

    private boolean isApplied(MutatingWebhookConfiguration current) {
        String wanted = encoded();
        return webhooks(current).stream()
                .allMatch(webhook -> wanted.equals(webhook.getClientConfig().getCaBundle()));
    }

    private void patch(MutatingWebhookConfiguration current) {
        var entries = new ArrayList<Map<String, Object>>();
        for (MutatingWebhook webhook : webhooks(current)) {
            entries.add(Map.of("name", webhook.getName(), "clientConfig", Map.of("caBundle", encoded())));
        }
        var object = new LinkedHashMap<String, Object>();
        object.put("apiVersion", "admissionregistration.k8s.io/v1");
        object.put("kind", "MutatingWebhookConfiguration");
        object.put("metadata", Map.of("name", name));
        object.put("webhooks", entries);
        client.admissionRegistration()
                .v1()
                .mutatingWebhookConfigurations()
                .withName(name)
                .patch(
                        new PatchContext.Builder()
                                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                                .withFieldManager(FIELD_MANAGER)
                                .withForce(true) // The field is ours, and whoever else took it does not know its value.
                                .build(),
                        json.writeValueAsString(object));
    }

    private static List<MutatingWebhook> webhooks(MutatingWebhookConfiguration configuration) {
        return Objects.requireNonNullElse(configuration.getWebhooks(), List.of());
    }

    private String encoded() {
        return Base64.getEncoder().encodeToString(bundle.getBytes(StandardCharsets.UTF_8));
    }
}
