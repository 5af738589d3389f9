package dev.sidestep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.settings.Settings;
import dev.sidestep.testkit.SourceTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The chart's files against each other, against the code, and against what the guide says of them. */
class ChartTest {
    private static final Path K8S = SourceTree.root().resolve("k8s");
    private static final YAMLMapper YAML = YAMLMapper.builder().build();

    @Test
    void theConfigurationThatIsRenderedIsWhatTheControlPlaneDoesWithoutOne() throws Exception {
        String config =
                object("ConfigMap", "control-plane").at("/data/config.yaml").asString();
        assertThat(Settings.parse(config)).isEqualTo(Settings.DEFAULT);
    }

    @Test
    void everyValueHasADefaultAndASchemaAndAPlaceInTheGuide() throws IOException {
        Map<String, JsonNode> values = new TreeMap<>();
        collectValues("", YAML.readTree(read("chart/values.yaml")), values);
        JsonNode schema = new ObjectMapper().readTree(read("chart/values.schema.json"));
        Map<String, String> described = new TreeMap<>();
        collectSchema("", schema, described);
        described.remove("global");
        assertThat(described.keySet()).isEqualTo(new TreeSet<>(values.keySet()));

        List<String> table = new ArrayList<>(List.of("| value | default | |", "|---|---|---|"));
        values.forEach(
                (key, value) -> table.add("| `" + key + "` | `" + text(value) + "` | " + described.get(key) + " |"));
        String guide = Files.readString(SourceTree.root().resolve("docs/install.md"));
        String there = guide.substring(guide.indexOf("<!-- values:"), guide.indexOf("<!-- /values -->"));
        assertThat(there.lines().skip(1)).as("the table of docs/install.md").containsExactlyElementsOf(table);
    }

    @Test
    void theChartRendersTheSameWhereverAndWhenever() throws IOException {
        try (Stream<Path> templates = Files.list(K8S.resolve("chart/templates"))) {
            for (Path template : templates.toList()) {
                assertThat(Files.readString(template))
                        .as("%s", template)
                        .doesNotContainPattern(
                                "\\b(lookup|genCA|genSignedCert|genSelfSignedCert|genPrivateKey|rand[A-Z]\\w+"
                                        + "|now|uuidv4|htpasswd|getHostByName|helm\\.sh/hook)\\b");
            }
        }
    }

    @Test
    void caBundleIsLeftToTheControlPlane() throws IOException {
        assertThat(read("sidestep.yaml")).doesNotContain("caBundle:");
    }

    @Test
    void aControlPlaneThatIsAwayStopsNoPod() throws IOException {
        JsonNode webhooks = object("MutatingWebhookConfiguration", "sidestep").path("webhooks");
        assertThat(webhooks).hasSize(2).allSatisfy(webhook -> {
            assertThat(webhook.path("failurePolicy").asString()).isEqualTo("Ignore");
            assertThat(webhook.path("timeoutSeconds").asInt()).isEqualTo(2);
            assertThat(webhook.path("sideEffects").asString()).isEqualTo("NoneOnDryRun");
        });
    }

    @Test
    void theReplicasAreHeldToThePodSecurityStandardRestricted() throws IOException {
        JsonNode pod = object("Deployment", "control-plane").at("/spec/template/spec");
        assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
        assertThat(pod.at("/securityContext/seccompProfile/type").asString()).isEqualTo("RuntimeDefault");
        JsonNode container = pod.at("/containers/0");
        assertThat(container.at("/securityContext/readOnlyRootFilesystem").asBoolean())
                .isTrue();
        assertThat(container.at("/securityContext/allowPrivilegeEscalation").asBoolean(true))
                .isFalse();
        assertThat(container.at("/resources/requests")).hasSize(2);
        assertThat(container.at("/resources/limits")).hasSize(2);
        assertThat(object("Namespace", "sidestep-system")
                        .path("metadata")
                        .path("labels")
                        .path("pod-security.kubernetes.io/enforce")
                        .asString())
                .isEqualTo("restricted");
    }

    private static void collectValues(String prefix, JsonNode of, Map<String, JsonNode> into) {
        of.properties().forEach(each -> {
            String key = prefix + each.getKey();
            boolean group = each.getValue().isObject() && !each.getValue().isEmpty() && !key.equals("resources");
            if (group) {
                collectValues(key + ".", each.getValue(), into);
            } else {
                into.put(key, each.getValue());
            }
        });
    }

    private static void collectSchema(String prefix, JsonNode of, Map<String, String> into) {
        of.path("properties").properties().forEach(each -> {
            String key = prefix + each.getKey();
            if (each.getValue().has("description")) {
                into.put(key, description(each.getValue()));
            } else {
                collectSchema(key + ".", each.getValue(), into);
            }
        });
    }

    private static String description(JsonNode schema) {
        String choices = schema.path("enum")
                .valueStream()
                .map(choice -> "`" + choice.asString() + "`")
                .collect(Collectors.joining(", "));
        return schema.path("description").asString() + (choices.isEmpty() ? "" : " " + choices);
    }

    private static String text(JsonNode value) {
        return value.isString() && value.asString().isEmpty()
                ? "\"\""
                : value.isString() ? value.asString() : value.toString();
    }

    private static JsonNode object(String kind, String name) throws IOException {
        for (String document : read("sidestep.yaml").split("(?m)^---$", -1)) {
            JsonNode object = YAML.readTree(document);
            if (kind.equals(object.path("kind").asString(""))
                    && name.equals(object.path("metadata").path("name").asString(""))) {
                return object;
            }
        }
        throw new AssertionError("no " + kind + " " + name + " in k8s/sidestep.yaml");
    }

    private static String read(String file) throws IOException {
        return Files.readString(K8S.resolve(file));
    }
}
