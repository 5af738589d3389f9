package dev.sidestep.control.injector;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The ResourceQuotas and LimitRanges of a namespace, as they are when a pod of it is made. Where there are none, that is
 * believed a few seconds; what a quota has left changes with every pod, and is asked each time. Any thread.
 */
final class Constraints {
    private static final Logger LOG = LoggerFactory.getLogger(Constraints.class);

    private static final Duration BELIEVED = Duration.ofSeconds(5);

    /** Of the two seconds that the API server waits for us. */
    private static final Duration PATIENCE = Duration.ofMillis(700);

    private static final int MOST_REMEMBERED = 10_000;
    private static final int FORBIDDEN = 403;

    private static final ResourceDefinitionContext QUOTAS = context("ResourceQuota", "resourcequotas");
    private static final ResourceDefinitionContext LIMIT_RANGES = context("LimitRange", "limitranges");

    private final KubernetesClient client;
    private final ExecutorService threads;
    private final LongSupplier nanoTime;
    private final ObjectMapper json = JsonMapper.shared();
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    /** What one namespace has; at {@code readNanos}. */
    record Known(List<JsonNode> quotas, List<JsonNode> limitRanges, long readNanos) {}

    /** @param threads where reading takes place, so that it can be given up */
    Constraints(KubernetesClient client, ExecutorService threads, LongSupplier nanoTime) {
        this.client = client;
        this.threads = threads;
        this.nanoTime = nanoTime;
    }

    /** @throws IOException if the API server does not tell in time, and never did */
    Known of(String namespace) throws IOException {
        Known before = known.get(namespace);
        if (before != null
                && before.quotas().isEmpty()
                && nanoTime.getAsLong() - before.readNanos() < BELIEVED.toNanos()) {
            return before;
        }
        Future<List<JsonNode>> quotas = threads.submit(() -> list(QUOTAS, namespace));
        Future<List<JsonNode>> ranges = threads.submit(() -> list(LIMIT_RANGES, namespace));
        try {
            var now = new Known(await(quotas), await(ranges), nanoTime.getAsLong());
            if (known.size() >= MOST_REMEMBERED) {
                known.clear();
            }
            known.put(namespace, now);
            return now;
        } catch (IOException e) {
            quotas.cancel(true);
            ranges.cancel(true);
            return fallBack(namespace, before, e);
        }
    }

    private static Known fallBack(String namespace, @Nullable Known before, IOException trouble) throws IOException {
        if (before == null) {
            throw trouble;
        }
        LOG.info("{}; what it had before counts, for {}", trouble.getMessage(), namespace);
        return before;
    }

    private List<JsonNode> list(ResourceDefinitionContext kind, String namespace) {
        try {
            var found = new ArrayList<JsonNode>();
            for (GenericKubernetesResource item : client.genericKubernetesResources(kind)
                    .inNamespace(namespace)
                    .list()
                    .getItems()) {
                ObjectNode tree = json.valueToTree(item.getAdditionalProperties());
                tree.putObject("metadata").put("name", item.getMetadata().getName());
                found.add(tree);
            }
            return found;
        } catch (KubernetesClientException e) {
            if (e.getCode() != FORBIDDEN) {
                throw e;
            }
            LOG.warn(
                    "{} cannot be listed in {} (403), so none counts: grant the verb list in a ClusterRole",
                    kind.getPlural(),
                    namespace);
            return List.of();
        }
    }

    private static List<JsonNode> await(Future<List<JsonNode>> answer) throws IOException {
        try {
            return answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("shutting down", e);
        } catch (TimeoutException e) {
            throw new IOException(
                    "the API server did not tell quotas and limits within " + PATIENCE.toMillis() + " ms", e);
        } catch (ExecutionException e) {
            throw new IOException(
                    "the API server did not tell quotas and limits ("
                            + String.valueOf(
                                    e.getCause() == null ? e : e.getCause().getMessage()) + ")",
                    e);
        }
    }

    private static ResourceDefinitionContext context(String kind, String plural) {
        return new ResourceDefinitionContext.Builder()
                .withGroup("")
                .withVersion("v1")
                .withKind(kind)
                .withPlural(plural)
                .withNamespaced(true)
                .build();
    }
}
