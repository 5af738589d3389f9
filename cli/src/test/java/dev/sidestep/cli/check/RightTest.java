package dev.sidestep.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.SourceTree;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** What {@code check --pre} asks for against what the chart holds. */
class RightTest {
    private static final YAMLMapper YAML = YAMLMapper.builder().build();

    @Test
    void whoeverInstallsNeedsEveryRightThatTheChartGrants() throws IOException {
        Set<Right> granted = new HashSet<>();
        for (JsonNode object : objects()) {
            String namespace = object.path("metadata").path("namespace").asString("");
            for (JsonNode rule : object.path("rules")) {
                if (!object.path("kind").asString().endsWith("Role")) {
                    continue;
                }
                granted.addAll(rights(rule, namespace));
            }
        }
        assertThat(granted).isNotEmpty().isEqualTo(Set.copyOf(Right.TO_GRANT));
    }

    @Test
    void whoeverInstallsNeedsToMakeEveryKindThatTheChartHas() throws IOException {
        Set<String> kinds = objects().stream()
                .map(object -> object.path("kind").asString().toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet());
        Set<String> asked = Right.TO_INSTALL.stream()
                .map(right ->
                        right.resource().replaceFirst("(polic)ies$", "$1y").replaceFirst("s$", ""))
                .collect(Collectors.toSet());
        assertThat(asked).isEqualTo(kinds);
    }

    @Test
    void roomIsAskedForAllReplicasAndOneMore() throws IOException {
        JsonNode spec = objects().stream()
                .filter(object -> object.path("kind").asString().equals("Deployment"))
                .findFirst()
                .orElseThrow()
                .path("spec");
        int pods = spec.path("replicas").asInt() + 1;
        JsonNode resources = spec.at("/template/spec/containers/0/resources");
        for (String group : List.of("requests", "limits")) {
            resources
                    .path(group)
                    .properties()
                    .forEach(each -> assertThat(needed(group + "." + each.getKey()))
                            .as(group + "." + each.getKey())
                            .isEqualByComparingTo(new Quantity(each.getValue().asString())
                                    .getNumericalAmount()
                                    .multiply(BigDecimal.valueOf(pods))));
        }
        assertThat(needed("pods")).isEqualByComparingTo(BigDecimal.valueOf(pods));
    }

    private static BigDecimal needed(String resource) {
        return Objects.requireNonNull(Quotas.CONTROL_PLANE.get(resource)).getNumericalAmount();
    }

    private static List<Right> rights(JsonNode rule, String namespace) {
        List<Right> rights = new ArrayList<>();
        List<String> names = rule.has("resourceNames")
                ? rule.path("resourceNames")
                        .valueStream()
                        .map(JsonNode::asString)
                        .toList()
                : List.of("");
        for (JsonNode group : rule.path("apiGroups")) {
            for (JsonNode resource : rule.path("resources")) {
                for (JsonNode verb : rule.path("verbs")) {
                    names.forEach(name -> rights.add(
                            new Right(verb.asString(), group.asString(), resource.asString(), namespace, name)));
                }
            }
        }
        return rights;
    }

    private static List<JsonNode> objects() throws IOException {
        List<JsonNode> objects = new ArrayList<>();
        String all = Files.readString(SourceTree.root().resolve("k8s/sidestep.yaml"));
        for (String document : all.split("(?m)^---$", -1)) {
            JsonNode object = YAML.readTree(document);
            if (object.has("kind")) {
                objects.add(object);
            }
        }
        return objects;
    }
}
