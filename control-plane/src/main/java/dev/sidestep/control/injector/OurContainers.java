package dev.sidestep.control.injector;

import dev.sidestep.control.settings.Settings;
import java.util.Set;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What all containers that we inject have in common: names, images, and that they may do next to nothing. */
final class OurContainers {
    static final String SIDECAR = "sidestep-sidecar";
    static final String REDIRECT = "sidestep-redirect";
    static final String AGENT_INIT = "sidestep-agent-init";

    static final Set<String> NAMES = Set.of(SIDECAR, REDIRECT, AGENT_INIT);

    /** User and group of the sidecar: by it the redirect knows the sidecar's own connections. */
    static final int USER = 16001;

    /** Of a container that runs a moment: the scheduler keeps its request free as long as the pod lives. */
    private static final String INIT_CPU_REQUEST = "10m";

    private static final String INIT_CPU_LIMIT = "200m";
    private static final String INIT_MEMORY = "32Mi";

    /** In a pod of class Guaranteed, which it stays only if request and limit are the same. */
    private static final String INIT_CPU_GUARANTEED = "100m";

    private OurContainers() {}

    /** {@code pod} as it was before an earlier call, as far as its resources go. */
    static ObjectNode without(ObjectNode pod) {
        boolean injected = pod.path("metadata").path("labels").has(Injector.INJECTED_LABEL);
        if (!injected || !(pod.path("spec").path("initContainers") instanceof ArrayNode)) {
            return pod;
        }
        ObjectNode without = pod.deepCopy();
        ((ArrayNode) without.path("spec").path("initContainers"))
                .removeIf(container -> NAMES.contains(container.path("name").asString("")));
        return without;
    }

    /** @param guaranteed whether the pod is of that class without us */
    static ObjectNode initContainer(String name, String image, Settings.Image images, boolean guaranteed) {
        ObjectNode container = container(name, image, images);
        ObjectNode resources = container.putObject("resources");
        resources
                .putObject("requests")
                .put("cpu", guaranteed ? INIT_CPU_GUARANTEED : INIT_CPU_REQUEST)
                .put("memory", INIT_MEMORY);
        resources
                .putObject("limits")
                .put("cpu", guaranteed ? INIT_CPU_GUARANTEED : INIT_CPU_LIMIT)
                .put("memory", INIT_MEMORY);
        return container;
    }

    static ObjectNode container(String name, String image, Settings.Image images) {
        ObjectNode container = JsonNodeFactory.instance.objectNode();
        container.put("name", name).put("image", image).put("imagePullPolicy", images.pullPolicy());
        // Of a start that fails, the reason is where "kubectl describe" shows it.
        container.put("terminationMessagePolicy", "FallbackToLogsOnError");
        return container;
    }

    /** As Pod Security "restricted" demands it. */
    static ObjectNode restricted() {
        ObjectNode security = JsonNodeFactory.instance.objectNode();
        security.put("allowPrivilegeEscalation", false);
        security.putObject("capabilities").putArray("drop").add("ALL");
        security.put("privileged", false);
        security.put("readOnlyRootFilesystem", true);
        security.put("runAsGroup", USER);
        security.put("runAsNonRoot", true);
        security.put("runAsUser", USER);
        security.putObject("seccompProfile").put("type", "RuntimeDefault");
        return security;
    }
}
