package dev.sidestep.control.injector;

import static dev.sidestep.control.injector.PodBuilder.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.control.injector.Decision.Result;
import dev.sidestep.control.manifest.ManifestException;
import dev.sidestep.control.settings.Settings;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sidestep inject -f}. */
final class ManifestsTest {
    private final Manifests manifests = new Manifests(
            new Injector(Settings.DEFAULT, () -> ""),
            "default",
            new ClusterFacts(Optional.empty(), List.of("10.96.0.0/16"), "", Optional.empty()));

    private static final String DEPLOYMENT = """
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: web
            spec:
              replicas: 3
              template:
                metadata:
                  labels:
                    app: web
                    sidestep.dev/inject: agent
                spec:
                  containers:
                    - name: web
                      image: web:1
            """;

    @Test
    void whatAsksForNothingComesOutToTheLetter() throws ManifestException {
        String untouched = """
                # A comment, and a strange way to write.
                apiVersion: v1
                kind: Service
                metadata: {name: "web"}
                ---
                kind: Deployment
                metadata: {name: quiet}   # nobody asked
                spec: {template: {spec: {containers: [{name: a, image: b}]}}}
                """;
        assertThat(manifests.inject(untouched)).isEqualTo(untouched);
        assertThat(manifests.outcomes())
                .singleElement()
                .satisfies(outcome -> assertThat(outcome.decision().result()).isEqualTo(Result.LEFT_ALONE));
    }

    @Test
    void aTemplateAmongOtherDocumentsIsInjected() throws ManifestException {
        String injected =
                manifests.inject("# first\nkind: Service\n---\n" + DEPLOYMENT + "---\n# last\nkind: Secret\n");
        String[] documents = injected.split("---\n", 0);
        assertThat(documents).hasSize(3);
        assertThat(documents[0]).isEqualTo("# first\nkind: Service\n");
        assertThat(documents[2]).isEqualTo("# last\nkind: Secret\n");
        JsonNode deployment = PodBuilder.yaml(documents[1]);
        assertThat(deployment.at("/spec/replicas").asInt()).isEqualTo(3);
        assertThat(at(deployment, "/spec/template/spec/initContainers/0/name")).isEqualTo("sidestep-agent-init");
        assertThat(at(deployment, "/spec/template/metadata/labels/sidestep.dev~1injected"))
                .isEqualTo("agent");
        assertThat(deployment.at("/metadata").toString()).isEqualTo("{\"name\":\"web\"}");
        assertThat(manifests.outcomes().get(0).object()).isEqualTo("Deployment web");
    }

    @Test
    void itsOwnOutputComesOutAsItIs() throws ManifestException {
        String once = manifests.inject(DEPLOYMENT);
        assertThat(manifests.inject(once)).isEqualTo(once);
    }

    @Test
    void podsOfATemplateAreNotNamedAlikeTheWebhookNamesEach() throws ManifestException {
        String injected = manifests.inject(DEPLOYMENT);
        assertThat(injected).doesNotContain("drain-id", "preStop").contains("the webhook adds it when the pod is made");
        JsonNode template = PodBuilder.yaml(injected).at("/spec/template");
        var cluster = new ClusterFacts(Optional.empty(), List.of(), "PEM", Optional.of("10.96.0.1"));
        Decision decision = new Injector(Settings.DEFAULT, () -> "id")
                .decide((ObjectNode) template, NamespaceFacts.named("default"), cluster);
        assertThat(at(decision.pod(), "/spec/containers/0/lifecycle/preStop/httpGet/path"))
                .isEqualTo("/drained/id?cap=10s");
        assertThat(at(decision.pod(), "/metadata/annotations/sidestep.dev~1ca")).isEqualTo("PEM");
    }

    @ParameterizedTest
    @CsvSource({
        "Deployment, apps/v1, /spec/template",
        "StatefulSet, apps/v1, /spec/template",
        "DaemonSet, apps/v1, /spec/template",
        "ReplicaSet, apps/v1, /spec/template",
        "ReplicationController, v1, /spec/template",
        "Job, batch/v1, /spec/template",
        "CronJob, batch/v1, /spec/jobTemplate/spec/template",
        "PodTemplate, v1, /template",
        "Rollout, argoproj.io/v1alpha1, /spec/template",
        "Pod, v1, ''",
    })
    void whateverHasAPodTemplateIsInjected(String kind, String apiVersion, String path) throws ManifestException {
        String template =
                "{metadata: {labels: {sidestep.dev/inject: agent}}, spec: {containers: [{name: a, image: b}]}}";
        StringBuilder document = new StringBuilder();
        String[] steps = path.isEmpty() ? new String[0] : path.substring(1).split("/", 0);
        if (steps.length == 0) {
            document.append(template, 1, template.length() - 1);
        } else {
            for (String step : steps) {
                document.append(document.isEmpty() ? "" : "{").append(step).append(": ");
            }
            document.append(template).append("}".repeat(steps.length - 1));
        }
        JsonNode injected = PodBuilder.yaml(
                manifests.inject("{kind: " + kind + ", apiVersion: " + apiVersion + ", " + document + "}"));
        assertThat(at(injected.at(path), "/spec/initContainers/0/name")).isEqualTo("sidestep-agent-init");
        assertThat(at(injected, "/kind")).isEqualTo(kind);
    }

    @Test
    void listsAreGoneThrough() throws ManifestException {
        String list =
                "kind: List\nitems:\n- {kind: Service}\n- " + DEPLOYMENT.strip().replace("\n", "\n  ") + "\n";
        assertThat(PodBuilder.yaml(manifests.inject(list))
                        .at("/items/1/spec/template/spec/initContainers")
                        .size())
                .isEqualTo(1);
    }

    @Test
    void aNamespaceInTheSameStreamCounts() throws ManifestException {
        String injected = manifests.inject("""
                kind: Namespace
                metadata: {name: shop, labels: {sidestep.dev/inject: sidecar, pod-security.kubernetes.io/enforce: privileged}}
                ---
                kind: Pod
                metadata: {name: web, namespace: shop}
                spec: {containers: [{name: a, image: b}]}
                ---
                kind: Pod
                metadata: {name: other}
                spec: {containers: [{name: a, image: b}]}
                """);
        assertThat(injected.split("---\n", 0)[1]).contains("sidestep-sidecar");
        assertThat(injected.split("---\n", 0)[2]).doesNotContain("sidestep-sidecar");
    }

    /** kubectl reads YAML 1.1: what comes out must mean to it what went in. */
    @Test
    void whatKubectlReadsIsWhatItWouldHaveRead() throws ManifestException {
        String pod = manifests.inject("""
                kind: Pod
                metadata: {name: web, labels: {sidestep.dev/inject: agent, version: "1.10", "on": "on"}}
                spec:
                  automountServiceAccountToken: no
                  containers:
                  - name: a
                    image: b
                    env:
                    - {name: A, value: "yes"}
                    - {name: B, value: "0644"}
                    - {name: C, value: "null"}
                    - {name: D, value: "12e-3"}
                    - {name: E, value: "0x1F"}
                    - name: F
                      value: |
                        two
                        lines
                  volumes: [{name: v, configMap: {name: c, defaultMode: 0644}}]
                """);
        JsonNode read = PodBuilder.yaml(pod);
        assertThat(read.at("/spec/automountServiceAccountToken").toString()).isEqualTo("false");
        assertThat(read.at("/spec/volumes/0/configMap/defaultMode").asInt()).isEqualTo(420);
        assertThat(read.at("/metadata/labels/version").isString()).isTrue();
        assertThat(read.at("/metadata/labels/on").isString()).isTrue();
        assertThat(read.at("/spec/containers/0/env").valueStream().limit(6))
                .allMatch(variable -> variable.get("value").isString());
        assertThat(pod).contains("value: 'yes'", "'on': 'on'", "value: '0644'");
        assertThat(at(read, "/spec/containers/0/env/5/value")).isEqualTo("two\nlines\n");
    }

    @Test
    void anchorsAndMergeKeysAreWrittenOut() throws ManifestException {
        String injected = manifests.inject("""
                kind: Pod
                metadata: {labels: {sidestep.dev/inject: agent}}
                common: &common {image: b, tty: true}
                spec:
                  containers:
                  - {<<: *common, name: a}
                """);
        assertThat(at(PodBuilder.yaml(injected), "/spec/containers/0/image")).isEqualTo("b");
        assertThat(injected).doesNotContain("<<", "*");
    }

    @Test
    void whatIsNoYamlIsNamedByItsLine() {
        assertThatThrownBy(() -> manifests.inject("kind: Service\n---\nkind: Pod\nspec: {a: b: c}\n"))
                .isInstanceOf(ManifestException.class)
                .hasMessageStartingWith("line 4: ");
    }

    @Test
    void nothingIsMadeOfNothing() throws ManifestException {
        assertThat(manifests.inject("")).isEmpty();
        assertThat(manifests.inject("---\n# only a comment\n---\n")).isEqualTo("# only a comment\n");
    }
}
