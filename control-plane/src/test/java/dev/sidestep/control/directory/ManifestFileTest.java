package dev.sidestep.control.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.sidestep.control.index.Item;
import dev.sidestep.control.index.ObjectKey;
import dev.sidestep.control.index.ObjectKey.Kind;
import dev.sidestep.control.index.ServiceItem;
import dev.sidestep.control.index.SliceItem;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class ManifestFileTest {
    private static final ObjectKey SERVICE = new ObjectKey(Kind.SERVICE, "default", "web");
    private static final ObjectKey SLICE = new ObjectKey(Kind.ENDPOINT_SLICE, "default", "web-1");

    private static final String GOOD = """
            apiVersion: v1
            kind: Service
            metadata:
              name: web
              annotations: {sidestep.dev/balancer: random, other.example/x: y}
            spec:
              clusterIP: 10.96.0.10
              ports:
              - {name: http, port: 80, targetPort: web}
              - {name: dns, port: 53, protocol: UDP}
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: web-1
              labels: {kubernetes.io/service-name: web}
            addressType: IPv4
            ports:
            - {name: http, port: 8080}
            endpoints:
            - addresses: [10.0.0.1]
              conditions: {ready: true}
              nodeName: n1
              zone: z1
              hints: {forZones: [{name: z1}]}
              targetRef: {kind: Pod, name: web-abc}
            - addresses: [10.0.0.2]
              conditions: {ready: false, serving: true, terminating: true}
            """;

    private static ManifestFile parse(String content) {
        return ManifestFile.parse("web.yaml", content, ManifestFile.EMPTY);
    }

    private static Item item(ManifestFile file, ObjectKey key) {
        return Optional.ofNullable(file.items().get(key)).orElseThrow();
    }

    @Test
    void readsWhatMattersOfAServiceAndItsSlice() {
        ManifestFile file = parse(GOOD);

        assertThat(file.problems()).isEmpty();
        ServiceItem service = (ServiceItem) item(file, SERVICE);
        assertThat(service.clusterIps()).containsExactly("10.96.0.10");
        assertThat(service.ports()).containsExactly(new ServiceItem.Port("http", 80, 80, ""));
        assertThat(service.annotations()).isEqualTo(Map.of(Item.PREFIX + "balancer", "random"));
        SliceItem slice = (SliceItem) item(file, SLICE);
        assertThat(slice.service()).isEqualTo("web");
        assertThat(slice.subsets()).hasSize(1);
        assertThat(slice.subsets().get(0).backends())
                .extracting(SliceItem.Backend::address, SliceItem.Backend::ready, SliceItem.Backend::pod)
                .containsExactly(tuple("10.0.0.1", true, "web-abc"), tuple("10.0.0.2", false, ""));
    }

    @Test
    void readsAKubectlListAndSkipsKindsThatDoNotMatter() {
        ManifestFile file = parse("""
                {"apiVersion": "v1", "kind": "List", "items": [
                  {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}},
                  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
                   "spec": {"clusterIP": "None", "ports": [{"port": 80}]}}]}
                """);

        assertThat(file.problems()).isEmpty();
        assertThat(file.items()).containsOnlyKeys(new ObjectKey(Kind.SERVICE, "shop", "web"));
    }

    @Test
    void readsEndpointsOfBothConditions() {
        ManifestFile file = parse("""
                apiVersion: v1
                kind: Endpoints
                metadata: {name: web}
                subsets:
                - addresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, name: a}}]
                  notReadyAddresses: [{ip: 10.0.0.2}]
                  ports: [{port: 8080}]
                """);

        SliceItem endpoints = (SliceItem) item(file, new ObjectKey(Kind.ENDPOINTS, "default", "web"));
        assertThat(endpoints.subsets().get(0).backends())
                .extracting(SliceItem.Backend::ready)
                .containsExactly(true, false);
    }

    /** A text of the good file, what replaces it, and words of the one problem that it must give. */
    static Stream<Arguments> mistakes() {
        return Stream.of(
                arguments(
                        "port: 80,",
                        "port: 70000,",
                        "document 1 (line 1): Service default/web: spec.ports[0].port: 70000 (expected: 1 to 65535)"),
                arguments("port: 80,", "port: eighty,", "spec.ports[0].port: \"eighty\" (expected: a whole number)"),
                arguments("10.96.0.10", "10.96.0.256", "spec.clusterIP: \"10.96.0.256\" (expected: an IP address)"),
                arguments(
                        "protocol: UDP",
                        "protocol: UPD",
                        "spec.ports[1].protocol: \"UPD\" (expected: TCP, UDP, SCTP; nearest: UDP)"),
                arguments("  name: web\n", "  nam: web\n", "metadata.name: missing"),
                arguments("  name: web\n", "  name: Web_1\n", "metadata.name: \"Web_1\" (expected: a DNS label"),
                arguments(
                        "clusterIP: 10",
                        "clusterIP: 10.96.0.1, clusterIP: 10",
                        "line 7: mapping values are not allowed here"),
                arguments(
                        "spec:\n",
                        "spec:\n  internalTrafficPolicy: local\n",
                        "spec.internalTrafficPolicy: \"local\" (expected: Cluster, Local; nearest: Local)"),
                arguments("v1\nkind: Service", "v2\nkind: Service", "apiVersion: \"v2\" (expected: v1)"),
                arguments(
                        "{kubernetes.io/service-name: web}",
                        "{}",
                        "metadata.labels['kubernetes.io/service-name']: missing"),
                arguments(
                        "addressType: IPv4",
                        "addressType: ipv4",
                        "addressType: \"ipv4\" (expected: IPv4, IPv6, FQDN; nearest: IPv4)"),
                arguments(
                        "[10.0.0.2]",
                        "[backend-2]",
                        "document 2 (line 11): EndpointSlice default/web-1: endpoints[1].addresses[0]: \"backend-2\" (expected: an IP address)"),
                arguments("[10.0.0.2]", "['fd00::1']", "an IPv4 address, as addressType says"),
                arguments(
                        "{ready: true}",
                        "{ready: yes}",
                        "endpoints[0].conditions.ready: \"yes\" (expected: true or false)"),
                arguments("addresses: [10.0.0.1]", "address: 10.0.0.1", "endpoints[0].addresses: missing"),
                arguments("name: dns", "name: http", "spec.ports[1].name: \"http\" is there twice"),
                arguments("kind: Service", "kind: [Service", "(line 1): line 3: "),
                arguments("kind: Service\n", "kind: Service\nkind: Service\n", "(line 1): line 3: "));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void saysOfABadDocumentWhereAndWhyAndServesTheOthers(String good, String bad, String expected) {
        String content = GOOD.replaceFirst(Pattern.quote(good), Matcher.quoteReplacement(bad));
        assertThat(content).isNotEqualTo(GOOD);

        ManifestFile file = parse(content);

        assertThat(file.problems()).hasSize(1);
        assertThat(file.problems().get(0)).startsWith("web.yaml, document ").contains(expected);
        assertThat(file.items()).hasSize(1);
    }

    @Test
    void keepsTheLastGoodVersionOfABadDocumentAndTakesOverTheOthers() {
        ManifestFile first = parse(GOOD);

        ManifestFile second = ManifestFile.parse(
                "web.yaml", GOOD.replace("port: 80,", "port: 0,").replace("10.0.0.2", "10.0.0.3"), first);

        assertThat(second.problems()).singleElement().asString().endsWith("; its last good version stays");
        assertThat(second.items().get(SERVICE)).isEqualTo(first.items().get(SERVICE));
        assertThat(second.items().get(SLICE)).isNotEqualTo(first.items().get(SLICE));
    }

    @Test
    void keepsAllThatIsMissingWhileADocumentCannotEvenBeNamed() {
        ManifestFile first = parse(GOOD);

        ManifestFile halfWritten = ManifestFile.parse("web.yaml", GOOD.substring(0, GOOD.length() / 2) + "\n{", first);

        assertThat(halfWritten.problems()).hasSize(1);
        assertThat(halfWritten.items()).containsOnlyKeys(SERVICE, SLICE);
        assertThat(ManifestFile.parse("web.yaml", "", halfWritten).items()).isEmpty();
    }

    @Test
    void takesTheFirstOfTwoObjectsOfOneName() {
        ManifestFile file =
                parse(GOOD + "---\n" + GOOD.substring(0, GOOD.indexOf("---")).replace("80,", "81,"));

        assertThat(file.problems()).singleElement().asString().contains("document 3", "Service default/web", "twice");
        ServiceItem service = (ServiceItem) item(file, SERVICE);
        assertThat(service.ports().get(0).port()).isEqualTo(80);
    }
}
