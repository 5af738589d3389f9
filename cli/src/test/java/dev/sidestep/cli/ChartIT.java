package dev.sidestep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.settings.Settings;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.Requirements;
import dev.sidestep.testkit.SourceTree;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** What Helm makes of the chart. */
class ChartIT {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final Path CHART = SourceTree.root().resolve("k8s/chart");
    private static final YAMLMapper YAML = YAMLMapper.builder().build();

    private static Path helm;

    @BeforeAll
    static void findHelm() {
        helm = Requirements.program("helm");
    }

    @Test
    void theSameValuesGiveTheSameBytes() {
        assertThat(rendered("--set", "mode=observe")).isEqualTo(rendered("--set", "mode=observe"));
    }

    @Test
    void whatLintHasToSayIsNothing() {
        assertThat(helm(0, "lint", "--strict", CHART.toString())).contains("0 chart(s) failed");
    }

    @Test
    void aWrongValueIsRefusedByName() {
        assertThat(refused("--set", "mode=blance")).contains("/mode");
        assertThat(refused("--set", "injection.defaultmode=agent")).contains("defaultmode");
        assertThat(refused("--set", "drain.cap=10")).contains("/drain/cap");
        assertThat(refused("--set", "serviceRanges={10.96.0.0}")).contains("/serviceRanges/0");
    }

    @Test
    void everyValueReachesTheControlPlane() throws Exception {
        List<JsonNode> objects = objects(
                "--set", "mode=observe",
                "--set", "clusterDomain=k8s.example",
                "--set", "serviceRanges={10.96.0.0/16,fd00::/112}",
                "--set", "socketLoadBalancing=true",
                "--set", "injection.defaultMode=sidecar,injection.psaMode=proxy,injection.podSecurity=baseline",
                "--set", "image.registry=registry.example/sidestep/,image.tag=1.2.3,image.pullPolicy=Always",
                "--set", "drain.cap=5s",
                "--set", "sidecar.cpuLimit=2,sidecar.logLevel=debug",
                "--set", "tls.caLifetime=2m");
        Settings settings = Settings.parse(
                only(objects, "ConfigMap").at("/data/config.yaml").asString());
        assertThat(settings.mode()).hasToString("OBSERVE");
        assertThat(settings.clusterDomain()).isEqualTo("k8s.example");
        assertThat(settings.serviceRanges()).containsExactly("10.96.0.0/16", "fd00::/112");
        assertThat(settings.socketLoadBalancing()).isTrue();
        assertThat(settings.injection().defaultMode()).isEqualTo("sidecar");
        assertThat(settings.injection().psaMode()).isEqualTo("proxy");
        assertThat(settings.injection().podSecurity()).isEqualTo("baseline");
        assertThat(settings.image().reference("agent")).isEqualTo("registry.example/sidestep/agent:1.2.3");
        assertThat(settings.image().pullPolicy()).isEqualTo("Always");
        assertThat(settings.drain().cap()).isEqualTo(Duration.ofSeconds(5));
        assertThat(settings.sidecar().cpuLimit()).isEqualTo("2");
        assertThat(settings.sidecar().logLevel()).isEqualTo("debug");
        assertThat(settings.tls().caLifetime()).isEqualTo(Duration.ofMinutes(2));
        assertThat(only(objects, "Deployment")
                        .at("/spec/template/spec/containers/0/image")
                        .asString())
                .isEqualTo("registry.example/sidestep/control-plane:1.2.3");
    }

    @Test
    void aChangeOfTheConfigurationRollsTheReplicas() {
        String path = "/spec/template/metadata/annotations/checksum~1config";
        assertThat(only(objects("--set", "mode=observe"), "Deployment").at(path).asString())
                .isNotEqualTo(only(objects(), "Deployment").at(path).asString());
    }

    @Test
    void aCertificateOfCertManagersIsAskedForOnlyWithAnIssuer() throws Exception {
        assertThat(kinds(objects())).doesNotContain("Certificate");
        List<JsonNode> objects = objects("--set", "tls.certManager.issuerRef.name=corporate");
        JsonNode certificate = only(objects, "Certificate");
        assertThat(certificate.at("/spec/dnsNames/0").asString()).isEqualTo("control-plane.sidestep-system.svc");
        assertThat(Settings.parse(only(objects, "ConfigMap")
                                .at("/data/config.yaml")
                                .asString())
                        .tls()
                        .certManagerSecret())
                .isEqualTo(certificate.at("/spec/secretName").asString());
        assertThat(secretRule(objects)).contains("control-plane-tls").doesNotContain("create", "update");
    }

    @Test
    void aSecretOfTheUsersIsOnlyRead() {
        assertThat(secretRule(objects("--set", "tls.existingSecret=mine")))
                .contains("mine", "get")
                .doesNotContain("create", "update", "control-plane-ca");
    }

    @Test
    void twoSourcesOfOneCertificateAreRefused() {
        assertThat(refused("--set", "tls.existingSecret=mine,tls.certManager.issuerRef.name=corporate"))
                .contains("tls.existingSecret and tls.certManager.issuerRef are both set: keep the one");
    }

    @Test
    void plaintextIsServedOnlyWhenAskedFor() {
        assertThat(rendered()).doesNotContain("--allow-plaintext").contains("127.0.0.1:16010");
        List<JsonNode> objects = objects("--set", "xds.allowPlaintext=true");
        assertThat(only(objects, "Deployment")
                        .at("/spec/template/spec/containers/0/args")
                        .toString())
                .contains("--allow-plaintext")
                .contains("0.0.0.0:16010");
        assertThat(only(objects, "Service").at("/spec/ports").toString()).contains("16010");
        assertThat(only(objects, "NetworkPolicy").toString()).contains("xds-plaintext");
    }

    @Test
    void oneReplicaHasNoDisruptionBudgetThatWouldHoldUpItsNode() {
        assertThat(kinds(objects())).contains("PodDisruptionBudget");
        assertThat(kinds(objects("--set", "replicas=1"))).doesNotContain("PodDisruptionBudget");
    }

    @Test
    void metricsAreReadByThoseWhoAreNamed() {
        List<JsonNode> objects =
                objects("--set", "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.team=watch");
        assertThat(only(objects, "NetworkPolicy").at("/spec/ingress").toString())
                .contains("watch")
                .contains("admin");
        assertThat(only(objects(), "NetworkPolicy").at("/spec/ingress").toString())
                .doesNotContain("admin");
        assertThat(kinds(objects("--set", "networkPolicy.enabled=false"))).doesNotContain("NetworkPolicy");
    }

    @Test
    void theNamespaceIsTheChartsUnlessItIsTheReleases() {
        assertThat(kinds(objects())).contains("Namespace");
        assertThat(kinds(objects("--namespace", "sidestep-system"))).doesNotContain("Namespace");
        assertThat(objects("--namespace", "elsewhere"))
                .filteredOn(object -> object.path("metadata").has("namespace"))
                .isNotEmpty()
                .allSatisfy(object ->
                        assertThat(object.at("/metadata/namespace").asString()).isEqualTo("sidestep-system"));
    }

    /** What the control plane's Role says of Secrets. */
    private static String secretRule(List<JsonNode> objects) {
        return only(objects, "Role").path("rules").toString();
    }

    private static List<String> kinds(List<JsonNode> objects) {
        return objects.stream().map(object -> object.path("kind").asString()).toList();
    }

    private static JsonNode only(List<JsonNode> objects, String kind) {
        List<JsonNode> found = objects.stream()
                .filter(object -> object.path("kind").asString().equals(kind))
                .toList();
        assertThat(found).as(kind).hasSize(1);
        return found.get(0);
    }

    private static List<JsonNode> objects(String... flags) {
        List<JsonNode> objects = new ArrayList<>();
        for (String document : rendered(flags).split("(?m)^---$", -1)) {
            JsonNode object = YAML.readTree(document);
            if (object.has("kind")) {
                objects.add(object);
            }
        }
        return objects;
    }

    private static String rendered(String... flags) {
        return helm(0, template(flags));
    }

    private static String refused(String... flags) {
        return helm(1, template(flags));
    }

    private static String[] template(String... flags) {
        return Stream.concat(Stream.of("template", "sidestep", CHART.toString()), Stream.of(flags))
                .toArray(String[]::new);
    }

    private static String helm(int code, String... arguments) {
        List<String> command = new ArrayList<>(List.of(helm.toString()));
        command.addAll(List.of(arguments));
        try (var process = ChildProcess.start("helm", command)) {
            int exit = process.awaitExit(LIMIT);
            String output = String.join("\n", process.output());
            assertThat(exit).as(output).isEqualTo(code);
            return output;
        }
    }
}
