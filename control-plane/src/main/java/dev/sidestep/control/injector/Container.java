package dev.sidestep.control.injector;

import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** One container of a pod that is being changed. */
record Container(ObjectNode node) {
    String name() {
        return node.path("name").asString("");
    }

    Optional<ObjectNode> env(String name) {
        return find("env", "name", name);
    }

    /** Whether {@code env} or {@code envFrom} may give {@code name} a value that is not written here. */
    boolean mayComeFromElsewhere(String name) {
        Optional<ObjectNode> own = env(name);
        return own.isPresent() ? own.get().has("valueFrom") : mayComeFromEnvFrom(name);
    }

    private boolean mayComeFromEnvFrom(String name) {
        for (JsonNode source : node.path("envFrom")) {
            if (name.startsWith(source.path("prefix").asString(""))) {
                return true;
            }
        }
        return false;
    }

    /** Whether anything gives {@code name} a value, or may. */
    boolean mayHave(String name) {
        return env(name).isPresent() || mayComeFromEnvFrom(name);
    }

    /** A variable of ours; one that is there stays as it is. */
    void addEnv(String name, String value) {
        if (env(name).isEmpty()) {
            array("env").addObject().put("name", name).put("value", value);
        }
    }

    /** The same, from a field of the pod. */
    void addEnvOfField(String name, String fieldPath) {
        if (env(name).isEmpty()) {
            ObjectNode variable = array("env").addObject().put("name", name);
            // apiVersion as the API server fills it in: asked again, we find what we wrote.
            variable.putObject("valueFrom")
                    .putObject("fieldRef")
                    .put("apiVersion", "v1")
                    .put("fieldPath", fieldPath);
        }
    }

    /** A mount of ours, unless the same is there. */
    void mount(String volume, String path, boolean readOnly, String subPath) {
        if (find("volumeMounts", "mountPath", path).isPresent()) {
            return; // Ours, from an earlier call: others were declined.
        }
        ObjectNode mount = array("volumeMounts").addObject().put("name", volume).put("mountPath", path);
        if (readOnly) {
            mount.put("readOnly", true);
        }
        if (!subPath.isEmpty()) {
            mount.put("subPath", subPath);
        }
    }

    private Optional<ObjectNode> find(String list, String key, String value) {
        for (JsonNode item : node.path(list)) {
            if (item instanceof ObjectNode object && value.equals(item.path(key).asString(""))) {
                return Optional.of(object);
            }
        }
        return Optional.empty();
    }

    private ArrayNode array(String name) {
        return node.path(name) instanceof ArrayNode there ? there : node.putArray(name);
    }
}
