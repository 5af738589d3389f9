package dev.sidestep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class ExplanationTest {
    private final ObjectMapper json = new ObjectMapper();

    @Test
    void tellsOfASidecarHowEachEndpointFares() {
        assertThat(lines("""
                        {"host": "api", "port": 80, "answer": "BALANCED", "why": "over 1 endpoint(s)", "connected": false,
                         "callerMode": "BALANCE", "serviceMode": "OFF",
                         "tried": [{"name": "api.default.svc.cluster.local:80", "found": "used"}],
                         "cluster": {"name": "api.default.svc.cluster.local:80", "current": false, "ageSeconds": 7,
                           "endpoints": [{"address": "10.0.0.1:8080", "pod": "api-1", "state": "EJECTED", "picked": false,
                             "why": "silent", "inFlight": 0, "successes": 12, "failures": 3}]}}
                        """))
                .containsExactly(
                        "api:80  BALANCED: over 1 endpoint(s)",
                        "meant as:   api.default.svc.cluster.local:80 (used)",
                        "mode:       balance here, off for the Service",
                        "freshness:  no control plane, the list was last confirmed 7 s ago",
                        "endpoints:",
                        "  ADDRESS        POD    STATE    USED  OK  FAILED  WHY",
                        "  10.0.0.1:8080  api-1  ejected  no    12  3       silent");
    }

    @Test
    void tellsOfAControlPlaneWhatItWouldTellAClient() {
        assertThat(lines("""
                        {"host": "api", "port": 80, "answer": "1 of 2 endpoints may be called",
                         "tried": ["api.default.svc.cluster.local:80"], "usable": ["10.0.0.1:8080"],
                         "cluster": {"endpoints": [
                           {"address": "10.0.0.1", "port": 8080, "pod": "api-1", "ready": true, "terminating": false},
                           {"address": "10.0.0.2", "port": 8080, "pod": "api-2", "ready": false, "terminating": true}]}}
                        """))
                .containsExactly(
                        "api:80  1 of 2 endpoints may be called",
                        "meant as:   api.default.svc.cluster.local:80",
                        "endpoints:",
                        "  ADDRESS        POD    STATE        USED  OK  FAILED  WHY",
                        "  10.0.0.1:8080  api-1  ready        yes   -   -",
                        "  10.0.0.2:8080  api-2  terminating  no    -   -");
    }

    @Test
    void findsThePortsOfANameByWholeLabels() {
        JsonNode status = json.readTree("""
                {"services": [{"name": "api.default.svc.cluster.local:8080"}, {"name": "api-two.default.svc.cluster.local:80"}]}
                """);
        JsonNode dump = json.readTree("{\"clusters\": [{\"name\": \"api.default.svc.cluster.local:8080\"}]}");
        assertThat(KnownPorts.of("api", status, dump)).containsExactly("8080");
        assertThat(KnownPorts.of("api.default", status, dump)).containsExactly("8080");
        assertThat(KnownPorts.of("ap", status, dump)).isEmpty();
    }

    private List<String> lines(String answer) {
        return new Explanation(json.readTree(answer)).lines();
    }
}
