package dev.sidestep.cli.images;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Objects as an API server keeps them: a version that grows with every change, and watchers that hear of it. Any thread. */
final class PretendObjects {
    private final JsonMapper json = new JsonMapper();
    private final Map<String, Map<String, ObjectNode>> kinds = new TreeMap<>();
    private final List<Watcher> watchers = new ArrayList<>();
    private long version = 1;

    private record Watcher(String plural, Consumer<String> events) {}

    /** Makes it or puts it in the place of the one with its name; answers it as it is kept. */
    synchronized ObjectNode put(String plural, ObjectNode object) {
        version++;
        object.withObject("/metadata").put("resourceVersion", Long.toString(version));
        boolean known = of(plural).put(key(object), object) != null;
        tell(plural, known ? "MODIFIED" : "ADDED", object);
        return object;
    }

    /** As {@link #put}, of an object in JSON. */
    synchronized ObjectNode put(String plural, String object) {
        return put(plural, (ObjectNode) json.readTree(object));
    }

    synchronized void delete(String plural, String namespace, String name) {
        ObjectNode before = of(plural).remove(namespace + "/" + name);
        if (before != null) {
            version++;
            before.withObject("/metadata").put("resourceVersion", Long.toString(version));
            tell(plural, "DELETED", before);
        }
    }

    /** @param namespace empty for what is in none */
    synchronized Optional<ObjectNode> get(String plural, String namespace, String name) {
        return Optional.ofNullable(of(plural).get(namespace + "/" + name));
    }

    /** A list in JSON, of those that are {@code wanted}. */
    synchronized ObjectNode list(String plural, Predicate<ObjectNode> wanted) {
        ObjectNode list = json.createObjectNode().put("apiVersion", "v1").put("kind", "List");
        list.putObject("metadata").put("resourceVersion", Long.toString(version));
        list.putArray("items")
                .addAll(of(plural).values().stream().filter(wanted).toList());
        return list;
    }

    /** Tells of every change after version {@code since}, each as an event in JSON. */
    synchronized void watch(String plural, long since, Consumer<String> events) {
        var watcher = new Watcher(plural, events);
        watchers.add(watcher);
        for (ObjectNode each : of(plural).values()) {
            if (each.path("metadata").path("resourceVersion").asLong() > since) {
                events.accept(event("MODIFIED", each));
            }
        }
    }

    private Map<String, ObjectNode> of(String plural) {
        return kinds.computeIfAbsent(plural, key -> new TreeMap<>());
    }

    private static String key(ObjectNode object) {
        var metadata = object.path("metadata");
        return metadata.path("namespace").asString("") + "/"
                + metadata.path("name").asString("");
    }

    private void tell(String plural, String type, ObjectNode object) {
        watchers.stream()
                .filter(watcher -> watcher.plural().equals(plural))
                .forEach(watcher -> watcher.events().accept(event(type, object)));
    }

    private String event(String type, ObjectNode object) {
        ObjectNode event = json.createObjectNode().put("type", type);
        event.set("object", object);
        return json.writeValueAsString(event);
    }
}
