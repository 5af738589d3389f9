package dev.sidestep.control.injector;

import static dev.sidestep.control.injector.PodBuilder.at;
import static dev.sidestep.control.injector.PodBuilder.status;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.injector.InjectionTable.Row;
import dev.sidestep.testkit.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The table of docs/injection.md on a real API server: what it admits, and what it has made of a pod then. Pods are made
 * as dry runs, where that is enough; no image is pulled. Another version of Sidestep, installed in the same cluster, would
 * be asked about the same pods.
 */
final class InjectionIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    private static final double LIMIT_MILLIS = 50;

    private static RealCluster cluster;

    @BeforeAll
    static void installTheWebhook() throws IOException {
        cluster = RealCluster.start();
        for (Row row : InjectionTable.rows()) {
            cluster.namespace(row.name(), row.labels());
            if (row.quota() != null) {
                cluster.quota(row.name(), row.quota());
            }
            if (row.limits() != null) {
                cluster.limitRange(row.name(), row.limits());
            }
        }
        cluster.namespace("live", Map.of());
        cluster.awaitReady("live");
    }

    @AfterAll
    static void uninstall() {
        if (cluster != null) {
            cluster.close();
        }
    }

    static List<Row> rows() {
        return InjectionTable.rows();
    }

    /** That the API server answers with a pod at all is half of what is asserted: it has admitted it. */
    @ParameterizedTest
    @MethodSource("rows")
    void everyRowOfTheTableIsAdmittedWithItsOutcome(Row row) {
        JsonNode pod = cluster.create(row.name(), row.asked(), true);
        assertThat(at(status(pod), "/mode")).isEqualTo(row.mode());
        String reason = at(status(pod), "/reason");
        assertThat(reason).contains(row.says());
        if (row.rule() != null) {
            assertThat(reason).startsWith(row.rule().text() + ": ");
        }
        boolean declined = row.mode().equals("none");
        assertThat(pod.at("/metadata/labels").has(Injector.INJECTED_LABEL)).isEqualTo(!declined);
        if (declined) {
            assertThat(pod.at("/spec/initContainers").isMissingNode()).isTrue();
        }
    }

    /** Our containers ask for what the API server has defaults for, so that it adds nothing that a second call undoes. */
    @ParameterizedTest
    @MethodSource("rows")
    void whatWasAdmittedIsNotChangedByASecondCall(Row row) {
        ObjectNode once = ((ObjectNode) cluster.create(row.name(), row.asked(), true)).deepCopy();
        Decision twice = cluster.decideAgain(row.name(), once);
        assertThat(JsonPatch.between(once, twice.pod())).isEmpty();
    }

    @Test
    void aPodIsMadeItsEventIsThereAndItIsCounted() {
        Row row = rows().stream()
                .filter(each -> each.name().equals("host-network"))
                .findFirst()
                .orElseThrow();
        double before = cluster.count("declined", "host-network");
        JsonNode pod = cluster.create("live", row.asked(), false);
        assertThat(at(status(pod), "/mode")).isEqualTo("none");
        assertThat(cluster.count("declined", "host-network")).isGreaterThan(before);
        Await.until(
                "an Event with rule and remedy",
                SOON,
                () -> cluster.events("live", at(pod, "/metadata/uid")).stream()
                        .anyMatch(
                                event -> event.startsWith("Warning NotInjected host-network: in its node's network")));
    }

    /** From the first byte of a review to the last one of its answer, with all that is asked of the API server meanwhile. */
    @Test
    void anAdmissionTakesLittleTime() {
        ObjectNode pod = PodBuilder.pod("sidecar-and-agent");
        double p99 = Double.MAX_VALUE;
        // Whatever else the machine does in one round, it does not do it in all.
        for (int round = 0; round < 3 && p99 >= LIMIT_MILLIS; round++) {
            List<Double> millis = cluster.reviews("live", pod, 200, 1_000);
            p99 = millis.get(millis.size() * 99 / 100);
            System.out.printf("an admission: p50 %.1f ms, p99 %.1f ms%n", millis.get(millis.size() / 2), p99);
        }
        System.out.println("as the API server saw this test's: " + cluster.webhookLatency());
        assertThat(p99).as("milliseconds").isLessThan(LIMIT_MILLIS);
    }

    @Test
    void aPodThatDoesNotAskIsNotEvenShownToUs() {
        double before = cluster.admissions();
        ObjectNode pod = PodBuilder.yaml(
                "{apiVersion: v1, kind: Pod, metadata: {name: quiet}, spec: {containers: [{name: app, image: app}]}}");
        JsonNode made = cluster.create("live", pod, true);
        assertThat(made.at("/metadata/annotations").has(Injector.STATUS_ANNOTATION))
                .isFalse();
        assertThat(cluster.admissions()).isEqualTo(before);
    }
}
