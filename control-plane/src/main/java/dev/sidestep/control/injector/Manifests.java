package dev.sidestep.control.injector;

import dev.sidestep.control.manifest.ManifestException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Injects manifests instead of pods: every pod and pod template in a stream of YAML or JSON documents, by the function
 * that the webhook asks. Documents in which nothing changes come out as they went in, to the letter; the others lose their
 * comments.
 */
public final class Manifests {
    /** Where the pod template is, other than in {@code spec.template}. */
    private static final Map<String, List<String>> TEMPLATES =
            Map.of("CronJob", List.of("spec", "jobTemplate", "spec", "template"), "PodTemplate", List.of("template"));

    private final Injector injector;
    private final String namespace;
    private final ClusterFacts cluster;
    private final ObjectMapper json = JsonMapper.shared();
    private final KubernetesYaml yaml = new KubernetesYaml();
    private final Map<String, NamespaceFacts> namespaces = new HashMap<>();
    private final List<Outcome> outcomes = new ArrayList<>();

    /**
     * What became of one object.
     *
     * @param object kind and name
     */
    public record Outcome(String object, Decision decision) {}

    /** @param line where it begins in the stream, from 1 */
    private record Document(String text, int line) {}

    /** @param namespace of objects that do not say one */
    public Manifests(Injector injector, String namespace, ClusterFacts cluster) {
        this.injector = injector;
        this.namespace = namespace;
        this.cluster = cluster;
    }

    /** What was done so far, in order. */
    public List<Outcome> outcomes() {
        return List.copyOf(outcomes);
    }

    /**
     * The documents of {@code content}, with what they ask for.
     *
     * @throws ManifestException if one is no YAML
     */
    public String inject(String content) throws ManifestException {
        List<Document> documents = split(content);
        var trees = new ArrayList<JsonNode>();
        for (Document document : documents) {
            JsonNode tree = json.valueToTree(yaml.load(document.text(), document.line()));
            rememberNamespaces(tree);
            trees.add(tree);
        }
        var text = new StringBuilder();
        for (int index = 0; index < documents.size(); index++) {
            JsonNode tree = trees.get(index);
            String original = documents.get(index).text();
            boolean changed = tree instanceof ObjectNode object && injectObject(object);
            String part = changed ? yaml.dump(json.treeToValue(tree, Object.class)) : original;
            if (index > 0) {
                text.append("---\n");
            }
            text.append(part).append(part.isEmpty() || part.endsWith("\n") ? "" : "\n");
        }
        return text.toString();
    }

    /** A line that starts with three dashes starts a document wherever it stands (YAML 1.2 §9.1.2). */
    private static List<Document> split(String content) {
        var documents = new ArrayList<Document>();
        var text = new StringBuilder();
        int start = 1;
        int number = 0;
        for (String line : content.split("(?<=\n)", 0)) {
            number++;
            if (line.startsWith("---") && (line.length() == 3 || Character.isWhitespace(line.charAt(3)))) {
                if (!text.toString().isBlank()) {
                    documents.add(new Document(text.toString(), start));
                }
                text.setLength(0);
                start = number + 1;
                String rest = line.substring(3).strip();
                if (!rest.isEmpty()) {
                    text.append(rest).append('\n');
                    start = number;
                }
            } else {
                text.append(line);
            }
        }
        if (!text.toString().isBlank()) {
            documents.add(new Document(text.toString(), start));
        }
        return documents;
    }

    /** A namespace in the same stream says what the webhook would see. */
    private void rememberNamespaces(JsonNode object) {
        if (isList(object)) {
            object.path("items").forEach(this::rememberNamespaces);
        } else if (object.path("kind").asString("").equals("Namespace")) {
            JsonNode metadata = object.path("metadata");
            String name = metadata.path("name").asString("");
            namespaces.put(
                    name,
                    new NamespaceFacts(
                            name,
                            strings(metadata.path("labels")),
                            strings(metadata.path("annotations")),
                            List.of(),
                            List.of()));
        }
    }

    private static Map<String, String> strings(JsonNode node) {
        var strings = new HashMap<String, String>();
        node.properties()
                .forEach(field -> strings.put(field.getKey(), field.getValue().asString("")));
        return strings;
    }

    private static boolean isList(JsonNode node) {
        return node.path("kind").asString("").endsWith("List") && node.path("items") instanceof ArrayNode;
    }

    /** Whether it is not the same any more. */
    private boolean injectObject(ObjectNode object) {
        if (isList(object)) {
            boolean changed = false;
            for (JsonNode item : object.path("items")) {
                changed |= item instanceof ObjectNode element && injectObject(element);
            }
            return changed;
        }
        Optional<ObjectNode> template = template(object);
        if (template.isEmpty()) {
            return false;
        }
        JsonNode metadata = object.path("metadata");
        String where = metadata.path("namespace").asString(namespace);
        Decision decision =
                injector.decide(template.get(), namespaces.getOrDefault(where, NamespaceFacts.named(where)), cluster);
        outcomes.add(new Outcome(
                object.path("kind").asString("") + " " + metadata.path("name").asString("(without a name)"), decision));
        boolean changed = !decision.pod().equals(template.get());
        template.get().setAll(decision.pod());
        return changed;
    }

    /** The pod itself, or what pods are made from. */
    private static Optional<ObjectNode> template(ObjectNode object) {
        String kind = object.path("kind").asString("");
        JsonNode found = object;
        if (!kind.equals("Pod")) {
            for (String step : TEMPLATES.getOrDefault(kind, List.of("spec", "template"))) {
                found = found.path(step);
            }
        }
        return found instanceof ObjectNode pod && pod.path("spec").path("containers") instanceof ArrayNode
                ? Optional.of(pod)
                : Optional.empty();
    }
}
