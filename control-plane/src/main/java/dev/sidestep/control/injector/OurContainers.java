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

    /**
     * Of a container that runs a moment: request and limit are the same, so that a pod of class Guaranteed stays one; an
     * init container's request costs nothing beside an app's.
     */
    private static final String INIT_CPU = "100m";

    private static final String INIT_MEMORY = "32Mi";

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

    static ObjectNode initContainer(String name, String image, Settings.Image images) {
        ObjectNode container = container(name, image, images);
        ObjectNode resources = container.putObject("resources");
        for (String kind : new String[] {"requests", "limits"}) {
            resources.putObject(kind).put("cpu", INIT_CPU).put("memory", INIT_MEMORY);
        }
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
