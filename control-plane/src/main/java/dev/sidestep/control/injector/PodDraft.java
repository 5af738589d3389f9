package dev.sidestep.control.injector;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A pod that is being changed. Putting in what is there already changes nothing, so that a second call, after another
 * webhook's, adds only what is new. Belongs to whoever made it.
 */
final class PodDraft {
    private final ObjectNode pod;

    /** Of a copy of {@code original}. */
    PodDraft(ObjectNode original) {
        pod = original.deepCopy();
    }

    ObjectNode pod() {
        return pod;
    }

    ObjectNode spec() {
        return object(pod, "spec");
    }

    Optional<String> label(String key) {
        return text(pod.path("metadata").path("labels").path(key));
    }

    Optional<String> annotation(String key) {
        return text(pod.path("metadata").path("annotations").path(key));
    }

    /** The keys of its annotations. */
    List<String> annotations() {
        return List.copyOf(pod.path("metadata").path("annotations").propertyNames());
    }

    void label(String key, String value) {
        object(object(pod, "metadata"), "labels").put(key, value);
    }

    void annotate(String key, String value) {
        object(object(pod, "metadata"), "annotations").put(key, value);
    }

    void removeLabel(String key) {
        if (pod.path("metadata").path("labels") instanceof ObjectNode labels) {
            labels.remove(key);
        }
    }

    /** The app's containers. */
    List<Container> containers() {
        return containers("containers");
    }

    List<Container> initContainers() {
        return containers("initContainers");
    }

    /** The app's containers, and whatever else runs in the pod. */
    List<Container> allContainers() {
        var all = new ArrayList<>(containers());
        all.addAll(initContainers());
        return all;
    }

    private List<Container> containers(String list) {
        var found = new ArrayList<Container>();
        for (JsonNode item : pod.path("spec").path(list)) {
            if (item instanceof ObjectNode container) {
                found.add(new Container(container));
            }
        }
        return found;
    }

    Optional<ObjectNode> volume(String name) {
        for (JsonNode item : pod.path("spec").path("volumes")) {
            if (item instanceof ObjectNode volume
                    && name.equals(item.path("name").asString(""))) {
                return Optional.of(volume);
            }
        }
        return Optional.empty();
    }

    void addVolume(ObjectNode volume) {
        if (volume(volume.path("name").asString("")).isEmpty()) {
            array(spec(), "volumes").add(volume);
        }
    }

    /** Puts ours before the init containers of others, in this order; those of the same name are replaced. */
    void putFirst(List<ObjectNode> ours) {
        if (ours.isEmpty()) {
            return;
        }
        ArrayNode all = JsonNodeFactory.instance.arrayNode();
        var there = new ArrayList<JsonNode>();
        spec().path("initContainers").forEach(there::add);
        for (ObjectNode container : ours) {
            JsonNode name = container.path("name");
            Optional<JsonNode> earlier = there.stream()
                    .filter(item -> item.path("name").equals(name))
                    .findFirst();
            // What the API server or another webhook added to ours stays.
            all.add(earlier.map(item -> over((ObjectNode) item, container)).orElse(container));
            earlier.ifPresent(there::remove);
        }
        there.forEach(all::add);
        spec().set("initContainers", all);
    }

    private static ObjectNode over(ObjectNode earlier, ObjectNode ours) {
        ObjectNode merged = earlier.deepCopy();
        for (var field : ours.properties()) {
            if (!field.getKey().equals("volumeMounts") && !hasAll(merged.path(field.getKey()), field.getValue())) {
                merged.set(field.getKey(), field.getValue());
            }
        }
        return merged;
    }

    /** Whether {@code found} says all that {@code wanted} says; it may say more. */
    private static boolean hasAll(JsonNode found, JsonNode wanted) {
        if (found instanceof ArrayNode && wanted instanceof ArrayNode) {
            return wanted.valueStream()
                    .allMatch(item -> found.valueStream().anyMatch(candidate -> hasAll(candidate, item)));
        }
        if (!(found instanceof ObjectNode) || !(wanted instanceof ObjectNode)) {
            return found.equals(wanted);
        }
        return wanted.properties().stream().allMatch(field -> hasAll(found.path(field.getKey()), field.getValue()));
    }

    static ObjectNode object(ObjectNode parent, String key) {
        return parent.path(key) instanceof ObjectNode there ? there : parent.putObject(key);
    }

    private static ArrayNode array(ObjectNode parent, String key) {
        return parent.path(key) instanceof ArrayNode there ? there : parent.putArray(key);
    }

    private static Optional<String> text(JsonNode node) {
        return node.isString() ? Optional.of(node.asString()) : Optional.empty();
    }
}
