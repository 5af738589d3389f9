package dev.sidestep.agent.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetNameTest {
    @ParameterizedTest
    @CsvSource({
        "greeter:80,greeter,80",
        "dns:///greeter.default.svc:8080,greeter.default.svc,8080",
        "dns://8.8.8.8/greeter:80,greeter,80",
        "dns:greeter:80,greeter,80",
        "greeter,greeter,0",
        "[::1]:80,[::1],80",
        "[::1],[::1],0"
    })
    void namesOfDnsAreRead(String target, String host, int port) {
        assertThat(TargetName.parse(target)).isEqualTo(new TargetName(host, port));
    }

    @ParameterizedTest
    @ValueSource(strings = {"xds:///greeter:80", "unix:///run/socket", "unix:socket", "directaddress:///x", ":80", ""})
    void otherTargetsAreNot(String target) {
        assertThat(TargetName.parse(target)).isNull();
    }

    @Test
    void aPortThatIsNoNumberIsNoTarget() {
        assertThat(TargetName.parse("greeter:http")).isNull();
    }
}
