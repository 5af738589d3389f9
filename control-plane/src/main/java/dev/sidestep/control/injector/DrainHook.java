package dev.sidestep.control.injector;

import dev.sidestep.control.index.Item;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What makes a pod wait before it ends until its clients know that it does: {@code lifecycle.preStop} of each of the app's
 * containers. It asks the sidecar beside it, or the control plane by its number, since a kubelet resolves no cluster names.
 */
final class DrainHook {
    static final String ID_ANNOTATION = Item.PREFIX + "drain-id";

    /** For those who get no acknowledgement: by then the change has reached every client that is connected. */
    static final int SLEEP_SECONDS = 5;

    private static final String BY_ID = "/drained/";
    private static final int INJECTOR_PORT = 16017;
    private static final int DEFAULT_GRACE_SECONDS = 30;

    /** What the app keeps of its grace period. */
    private static final int RESERVE_SECONDS = 5;

    /** Since then a hook can sleep without a binary. */
    private static final int SLEEP_MINOR = 30;

    private static final Pattern OURS = Pattern.compile("/drained(/[^?]*)?(\\?.*)?");

    private DrainHook() {}

    static void apply(Injection injection) {
        PodDraft pod = injection.pod();
        long grace = pod.spec().path("terminationGracePeriodSeconds").asLong(DEFAULT_GRACE_SECONDS);
        Duration cap = injection.settings().drain().cap();
        long seconds = Math.min(cap.toSeconds(), grace - RESERVE_SECONDS);
        if (seconds < 1) {
            injection.note("no wait for clients at its end: terminationGracePeriodSeconds is " + grace
                    + ", and the app keeps " + RESERVE_SECONDS);
            return;
        }
        Optional<ObjectNode> hook = hook(injection, seconds);
        if (hook.isEmpty()) {
            return;
        }
        boolean any = false;
        var own = new ArrayList<String>();
        for (Container container : pod.containers()) {
            ObjectNode lifecycle = PodDraft.object(container.node(), "lifecycle");
            JsonNode there = lifecycle.path("preStop");
            if (isOurs(there) || there.equals(hook.get())) {
                lifecycle.set("preStop", hook.get().deepCopy());
                any = true;
            } else {
                own.add(container.name());
            }
        }
        String path = hook.get().path("httpGet").path("path").asString("");
        if (any && path.startsWith(BY_ID)) {
            pod.annotate(ID_ANNOTATION, path.substring(BY_ID.length(), path.indexOf('?')));
        }
        if (!own.isEmpty()) {
            injection.note(String.join(", ", own) + ": has a preStop hook of its own, which does not wait for clients");
        }
    }

    private static Optional<ObjectNode> hook(Injection injection, long seconds) {
        ObjectNode hook = JsonNodeFactory.instance.objectNode();
        String cap = "?cap=" + seconds + "s";
        if (injection.placement().hasSidecar()) {
            hook.putObject("httpGet")
                    .put("path", "/drained" + cap)
                    .put("port", SidecarPlacement.METRICS_PORT)
                    .put("scheme", "HTTP");
            return Optional.of(hook);
        }
        if (PodSecurity.of(injection.namespace(), injection.settings()).forbidsHostInHooks(injection.cluster())) {
            if (!injection.cluster().isAtLeast(SLEEP_MINOR)) {
                injection.note("no wait for clients at its end: Pod Security refuses a hook that names a host");
                return Optional.empty();
            }
            int sleep = (int) Math.min(SLEEP_SECONDS, seconds);
            injection.note("waits " + sleep + " s at its end, without acknowledgement: Pod Security refuses a hook that"
                    + " names a host");
            hook.putObject("sleep").put("seconds", sleep);
            return Optional.of(hook);
        }
        Optional<String> address = injection.cluster().drainAddress();
        if (injection.drainId().isEmpty()) {
            injection.note("no wait for clients at its end, yet: the webhook adds it when the pod is made");
            return Optional.empty();
        }
        if (address.isEmpty()) {
            injection.note(
                    "no wait for clients at its end: no Service control-plane was found that a kubelet could ask");
            return Optional.empty();
        }
        String id = idOf(injection);
        hook.putObject("httpGet")
                .put("host", address.get())
                .put("path", BY_ID + id + cap)
                .put("port", INJECTOR_PORT)
                .put("scheme", "HTTPS");
        return Optional.of(hook);
    }

    /** A second call finds the first one's, and keeps it. */
    private static String idOf(Injection injection) {
        return injection
                .pod()
                .annotation(ID_ANNOTATION)
                .filter(there -> injection.pod().containers().stream()
                        .anyMatch(container -> container
                                .node()
                                .path("lifecycle")
                                .path("preStop")
                                .path("httpGet")
                                .path("path")
                                .asString("")
                                .startsWith(BY_ID + there + "?")))
                .orElse(injection.drainId());
    }

    private static boolean isOurs(JsonNode hook) {
        if (hook.isMissingNode() || hook.isNull()) {
            return true;
        }
        JsonNode get = hook.path("httpGet");
        int port = get.path("port").asInt(0);
        return (port == SidecarPlacement.METRICS_PORT || port == INJECTOR_PORT)
                && OURS.matcher(get.path("path").asString("")).matches();
    }
}
