package dev.sidestep.cli.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

final class ClientListTest {
    private static JsonNode status() {
        return new ObjectMapper().readTree("""
                {"clients": [
                  {"id": "web-1", "namespace": "shop", "pod": "web-1", "node": "n1", "zone": "", "connectedSeconds": 65,
                   "agent": "sidestep-agent 0.1.0", "waiting": 0,
                   "types": [{"subscribed": 1, "unacknowledged": 0}, {"subscribed": 3, "unacknowledged": 0}]},
                  {"id": "web-2", "namespace": "shop", "pod": "web-2", "node": "n1", "zone": "z", "connectedSeconds": 7300,
                   "agent": "sidestep-sidecar 0.1.0", "waiting": 2,
                   "types": [{"subscribed": 1, "unacknowledged": 1,
                     "refused": {"resources": ["a"], "reason": "no name"}}]},
                  {"id": "x", "namespace": "else", "pod": "", "connectedSeconds": 1, "agent": "envoy", "waiting": 2,
                   "types": [{"subscribed": 1, "unacknowledged": 1}]}]}
                """);
    }

    @Test
    void saysWhoIsConnectedAndWhetherItHasAll() throws IOException {
        var list = new ClientList(Optional.empty());
        list.add("replica-1", status());

        List<String> lines = list.lines();
        assertThat(lines).hasSize(4);
        assertThat(lines.get(1).split("  +", 0))
                .containsExactly(
                        "else",
                        "x",
                        "envoy",
                        "-",
                        "-",
                        "0m1s",
                        "replica-1",
                        "1",
                        "2 to be sent, 1 not acknowledged yet");
        assertThat(lines.get(2).split("  +", 0))
                .containsExactly(
                        "shop",
                        "web-1",
                        "sidestep-agent 0.1.0",
                        "n1",
                        "-",
                        "1m5s",
                        "replica-1",
                        "4",
                        "acknowledged all");
        assertThat(lines.get(3)).contains("2h1m").endsWith("refused [a]: no name");
    }

    @Test
    void keepsToTheNamespace() throws IOException {
        var list = new ClientList(Optional.of("else"));
        list.add("replica-1", status());
        assertThat(list.clients()).hasSize(1);

        var nobody = new ClientList(Optional.of("nobody"));
        nobody.add("replica-1", status());
        assertThat(nobody.lines()).containsExactly("no client is connected from namespace nobody");
    }

    @Test
    void aSidecarHasNoClients() {
        assertThatThrownBy(() -> new ClientList(Optional.empty()).add("it", new ObjectMapper().readTree("{}")))
                .hasMessage("it is no control plane; only a control plane has clients");
    }
}
