package dev.sidestep.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ControlPlaneClientsTest {
    @Test
    void addsUpTheStreamsOfBothProtocols() {
        assertThat(ControlPlaneClients.parse("""
                        # TYPE sidestep_xds_streams gauge
                        sidestep_xds_streams{protocol="delta"} 2.0
                        sidestep_xds_streams{protocol="sotw"} 1.0
                        sidestep_xds_streams_total 9.0
                        """)).isEqualTo(3);
    }

    @Test
    void findsNoneInAnythingElse() {
        assertThat(ControlPlaneClients.parse("not found")).isZero();
    }
}
