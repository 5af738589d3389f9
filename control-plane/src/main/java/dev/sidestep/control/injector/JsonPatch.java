package dev.sidestep.control.injector;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What leads from one document to another, as the API server wants it told (RFC 6902). Short where things were added,
 * which is what we do: a list keeps its elements and is told the new ones, by their place.
 */
final class JsonPatch {
    /** What tells elements of a pod's lists apart. */
    private static final List<String> KEYS = List.of("name", "mountPath");

    private final ArrayNode operations = JsonNodeFactory.instance.arrayNode();

    private JsonPatch() {}

    /** Empty if the two say the same. */
    static ArrayNode between(JsonNode before, JsonNode after) {
        var patch = new JsonPatch();
        patch.compare("", before, after);
        return patch.operations;
    }

    private void compare(String path, JsonNode before, JsonNode after) {
        if (before.equals(after)) {
            return;
        }
        if (before instanceof ObjectNode from && after instanceof ObjectNode to) {
            compareObjects(path, from, to);
        } else if (before instanceof ArrayNode from && after instanceof ArrayNode to && isGrownFrom(from, to)) {
            compareLists(path, from, to);
        } else {
            add("replace", path, after);
        }
    }

    private void compareObjects(String path, ObjectNode before, ObjectNode after) {
        for (String name : new ArrayList<>(before.propertyNames())) {
            if (!after.has(name)) {
                operations.addObject().put("op", "remove").put("path", path + "/" + escaped(name));
            }
        }
        for (var field : after.properties()) {
            String child = path + "/" + escaped(field.getKey());
            if (before.has(field.getKey())) {
                compare(child, before.get(field.getKey()), field.getValue());
            } else {
                add("add", child, field.getValue());
            }
        }
    }

    /** Whether {@code after} has all elements of {@code before}, in their order, and may have others between them. */
    private static boolean isGrownFrom(ArrayNode before, ArrayNode after) {
        int matched = 0;
        for (JsonNode item : after) {
            if (matched < before.size() && isSame(before.get(matched), item)) {
                matched++;
            }
        }
        return matched == before.size();
    }

    private void compareLists(String path, ArrayNode before, ArrayNode after) {
        int matched = 0;
        for (int index = 0; index < after.size(); index++) {
            JsonNode item = after.get(index);
            String child = path + "/" + index;
            if (matched < before.size() && isSame(before.get(matched), item)) {
                compare(child, before.get(matched), item);
                matched++;
            } else {
                add("add", child, item);
            }
        }
    }

    private static boolean isSame(JsonNode one, JsonNode other) {
        for (String key : KEYS) {
            if (one.has(key)) {
                return one.get(key).equals(other.get(key));
            }
        }
        return one.equals(other);
    }

    private void add(String operation, String path, JsonNode value) {
        operations.addObject().put("op", operation).put("path", path).set("value", value);
    }

    /** RFC 6901 §3. */
    private static String escaped(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }
}
