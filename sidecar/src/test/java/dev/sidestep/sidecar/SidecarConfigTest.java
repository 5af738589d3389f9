package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.model.Mode;
import dev.sidestep.sidecar.loop.Transport;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SidecarConfigTest {
    @Test
    void listensWhereTheNamesSayUnlessToldOtherwise() {
        SidecarConfig config = SidecarConfig.fromEnvironment(Map.of());
        assertThat(config.controlPlane()).isEqualTo("control-plane.sidestep-system.svc:16012");
        assertThat(config.proxy().toString()).endsWith("/127.0.0.1:16001");
        assertThat(config.admin().toString()).endsWith("/127.0.0.1:16000");
        assertThat(config.metrics().getPort()).isEqualTo(16020);
        assertThat(config.metrics().getAddress().isAnyLocalAddress()).isTrue();
        assertThat(config.mode()).isEqualTo(Mode.BALANCE);
        assertThat(config.workload().namespace()).isEqualTo("default");
        assertThat(config.snapshotDir()).isEmpty();
    }

    @Test
    void readsTheVariables() {
        SidecarConfig config = SidecarConfig.fromEnvironment(Map.of(
                "SIDESTEP_CONTROL_PLANE", "127.0.0.1:16010",
                "SIDESTEP_MODE", "observe",
                "SIDESTEP_NAMESPACE", "shop",
                "SIDESTEP_POD_NAME", "web-0",
                "SIDESTEP_SNAPSHOT_DIR", "/var/lib/sidestep",
                "SIDESTEP_TRANSPORT", "nio"));
        assertThat(config.controlPlane()).isEqualTo("127.0.0.1:16010");
        assertThat(config.mode()).isEqualTo(Mode.OBSERVE);
        assertThat(config.workload().namespace()).isEqualTo("shop");
        assertThat(config.workload().pod()).isEqualTo("web-0");
        assertThat(config.snapshotDir()).contains(Path.of("/var/lib/sidestep"));
        assertThat(config.transport()).isEqualTo(Transport.NIO);
    }

    @Test
    void balancesNothingWhenItIsNotEnabled() {
        assertThat(SidecarConfig.fromEnvironment(Map.of("SIDESTEP_ENABLED", "false"))
                        .mode())
                .isEqualTo(Mode.OFF);
    }

    @Test
    void keepsTheDefaultForAWrongValue() {
        SidecarConfig config = SidecarConfig.fromEnvironment(Map.of(
                "SIDESTEP_CONTROL_PLANE", "nowhere",
                "SIDESTEP_MODE", "balanced",
                "SIDESTEP_ENABLED", "yes"));
        assertThat(config.controlPlane()).isEqualTo(SidecarConfig.DEFAULT_CONTROL_PLANE);
        assertThat(config.mode()).isEqualTo(Mode.BALANCE);
    }

    @Test
    void refusesAControlPlaneThatIsNoAddress() {
        SidecarConfig config = SidecarConfig.fromEnvironment(Map.of());
        assertThatThrownBy(() -> config.withControlPlane("nowhere")).hasMessage("\"nowhere\" (expected: host:port)");
    }
}
