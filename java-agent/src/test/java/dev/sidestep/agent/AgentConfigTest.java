package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.Mode;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgentConfigTest {
    private static AgentConfig read(Map<String, String> environment, Map<String, String> properties) {
        return AgentConfig.read(environment::get, properties::get, Set.of("GRPC", "JAVA_HTTP_CLIENT"));
    }

    @Test
    void nothingSetMeansTheDefaults() {
        AgentConfig config = read(Map.of(), Map.of());

        assertThat(config.enabled()).isTrue();
        assertThat(config.mode()).isEqualTo(Mode.BALANCE);
        assertThat(config.controlPlane()).hasToString("control-plane.sidestep-system.svc:16012");
        assertThat(config.namespace()).isEqualTo("default");
        assertThat(config.snapshotDir()).isEmpty();
        assertThat(config.disabledClients()).isEmpty();
        assertThat(config.complaints()).isEmpty();
    }

    @Test
    void aTokenWithoutAnAuthorityIsComplainedOf() {
        AgentConfig config = read(Map.of("SIDESTEP_TOKEN_FILE", "/token"), Map.of());

        assertThat(config.complaints()).singleElement().asString().contains("set SIDESTEP_CA_FILE");
        assertThat(read(Map.of("SIDESTEP_TOKEN_FILE", "/token", "SIDESTEP_CA_FILE", "/ca"), Map.of())
                        .complaints())
                .isEmpty();
    }

    @Test
    void aPropertyWinsOverTheEnvironment() {
        AgentConfig config = read(
                Map.of("SIDESTEP_MODE", "off", "SIDESTEP_NAMESPACE", "shop", "SIDESTEP_SNAPSHOT_DIR", "/var/s"),
                Map.of("sidestep.mode", "observe", "sidestep.instrumentation.grpc.enabled", "false"));

        assertThat(config.mode()).isEqualTo(Mode.OBSERVE);
        assertThat(config.namespace()).isEqualTo("shop");
        assertThat(config.snapshotDir()).contains(Path.of("/var/s"));
        assertThat(config.disabledClients()).containsExactly("GRPC");
    }

    @ParameterizedTest
    @CsvSource({
        "SIDESTEP_MODE,balanced",
        "SIDESTEP_ENABLED,yes",
        "SIDESTEP_CONTROL_PLANE,host",
        "SIDESTEP_CONTROL_PLANE,host:99999",
        "SIDESTEP_CONTROL_PLANE,::1:80",
        "SIDESTEP_INSTRUMENTATION_GRPC_ENABLED,1"
    })
    void aWrongValueIsNamedAndTheDefaultHolds(String variable, String value) {
        AgentConfig config = read(Map.of(variable, value), Map.of());

        assertThat(config.complaints())
                .singleElement()
                .asString()
                .startsWith(variable + ": \"" + value + "\" (expected: ")
                .endsWith(" holds");
        assertThat(config.mode()).isEqualTo(Mode.BALANCE);
        assertThat(config.enabled()).isTrue();
        assertThat(config.controlPlane().port()).isEqualTo(16012);
        assertThat(config.disabledClients()).isEmpty();
    }

    @Test
    void setToNothingIsNotSet() {
        assertThat(read(Map.of("SIDESTEP_MODE", " "), Map.of()).complaints()).isEmpty();
    }

    @Test
    void ipv6IsWrittenInBrackets() {
        AgentConfig config = read(Map.of("SIDESTEP_CONTROL_PLANE", "[::1]:80"), Map.of());

        assertThat(config.controlPlane().host()).isEqualTo("::1");
        assertThat(config.controlPlane()).hasToString("[::1]:80");
    }
}
