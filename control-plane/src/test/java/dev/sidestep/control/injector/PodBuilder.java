package dev.sidestep.control.injector;

import dev.sidestep.control.manifest.ManifestException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Trees of Kubernetes objects, from YAML and by path. */
final class PodBuilder {
    private static final ObjectMapper JSON = JsonMapper.shared();

    private PodBuilder() {}

    static ObjectNode yaml(String text) {
        try {
            return (ObjectNode) JSON.<JsonNode>valueToTree(new KubernetesYaml().load(text, 1));
        } catch (ManifestException e) {
            throw new AssertionError(e);
        }
    }

    /** A pod with one container, {@code app}, whose label {@link Injector#INJECT_LABEL} says {@code inject}. */
    static ObjectNode pod(String inject) {
        return yaml("""
                apiVersion: v1
                kind: Pod
                metadata:
                  name: web
                  labels: {app: web, sidestep.dev/inject: "%s"}
                spec:
                  containers:
                  - {name: app, image: app}
                """.formatted(inject));
    }

    /** {@code pod} with what {@code yaml} says besides: objects are merged, lists and values replaced. */
    static ObjectNode with(ObjectNode pod, String yaml) {
        ObjectNode merged = pod.deepCopy();
        merge(merged, yaml(yaml));
        return merged;
    }

    private static void merge(ObjectNode into, ObjectNode from) {
        from.properties().forEach(field -> {
            if (into.path(field.getKey()) instanceof ObjectNode there && field.getValue() instanceof ObjectNode more) {
                merge(there, more);
            } else {
                into.set(field.getKey(), field.getValue());
            }
        });
    }

    /** {@code before} as the API server makes of it what {@code patch} says. */
    static JsonNode applied(JsonNode before, ArrayNode patch) {
        JsonNode document = before.deepCopy();
        for (JsonNode operation : patch) {
            String path = operation.path("path").asString("");
            String parentPath = path.substring(0, path.lastIndexOf('/'));
            String key =
                    path.substring(path.lastIndexOf('/') + 1).replace("~1", "/").replace("~0", "~");
            JsonNode parent = document.at(parentPath);
            String name = operation.path("op").asString("");
            if (parent instanceof ArrayNode list) {
                int index = Integer.parseInt(key);
                if (name.equals("add")) {
                    list.insert(index, operation.get("value"));
                } else {
                    list.set(index, operation.get("value"));
                }
            } else if (name.equals("remove")) {
                ((ObjectNode) parent).remove(key);
            } else {
                ((ObjectNode) parent).set(key, operation.get("value"));
            }
        }
        return document;
    }

    /** The text at {@code pointer}, such as {@code /spec/containers/0/name}. */
    static String at(JsonNode node, String pointer) {
        return node.at(pointer).asString("");
    }

    /** The value of the variable {@code name} of a container. */
    static String env(JsonNode container, String name) {
        for (JsonNode variable : container.path("env")) {
            if (variable.path("name").asString("").equals(name)) {
                return variable.path("value").asString("(not a literal)");
            }
        }
        return "(absent)";
    }

    /** What the status annotation says. */
    static JsonNode status(JsonNode pod) {
        return JSON.readTree(pod.path("metadata")
                .path("annotations")
                .path(Injector.STATUS_ANNOTATION)
                .asString("{}"));
    }
}
