package dev.sidestep.control.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.control.manifest.ManifestException;
import dev.sidestep.model.Mode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SettingsTest {
    @Test
    void anEmptyFileSaysNothing() throws ManifestException {
        assertThat(Settings.parse("")).isEqualTo(Settings.DEFAULT);
        assertThat(Settings.parse("# only a comment\n")).isEqualTo(Settings.DEFAULT);
    }

    @Test
    void everyKeyIsRead() throws ManifestException {
        assertThat(Settings.parse("""
                mode: observe
                clusterDomain: corp.example
                serviceRanges: [10.96.0.0/16, "fd00::/108"]
                socketLoadBalancing: true
                injection: {defaultMode: sidecar, psaMode: none, podSecurity: baseline}
                image: {registry: "registry.example:5000/mesh", tag: "1.2", pullPolicy: Always}
                drain: {cap: 1m30s}
                sidecar: {cpuRequest: 1, memoryRequest: 32Mi, cpuLimit: "0.5", memoryLimit: "", logLevel: debug}
                tls: {caSecret: a, caLifetime: 2m, existingSecret: b, certManagerSecret: c}
                """))
                .isEqualTo(new Settings(
                        Mode.OBSERVE,
                        "corp.example",
                        List.of("10.96.0.0/16", "fd00::/108"),
                        true,
                        new Settings.Injection("sidecar", "none", "baseline"),
                        new Settings.Image("registry.example:5000/mesh", "1.2", "Always"),
                        new Settings.Drain(Duration.ofSeconds(90)),
                        new Settings.Sidecar("1", "32Mi", "0.5", "", "debug"),
                        new Settings.Tls("a", Duration.ofMinutes(2), "b", "c")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mod: off                         | mod: unknown key (nearest: mode)",
                "injection: {mode: agent}         | injection.mode: unknown key (nearest: psaMode)",
                "mode: balanced                   | mode: \"balanced\" (expected: balance, observe, off; nearest: balance)",
                "injection: agent                 | injection: \"agent\" (expected: an object)",
                "drain: {cap: 10}                 | drain.cap: 10 (expected: a string)",
                "drain: {cap: 0s}                 | drain.cap: \"0s\" (expected: a duration such as 10s or 1h30m, more than nothing)",
                "image: {tag: 1.2}                | image.tag: \"1.2\" (expected: an image tag, quoted if it looks like a number)",
                "image: {registry: a/}            | image.registry: \"a/\" (expected: no slash at the end)",
                "sidecar: {cpuRequest: much}      | sidecar.cpuRequest: \"much\" (expected: a quantity such as 100m or 64Mi, or \"\" for none)",
                "serviceRanges: [10.96.0.0]       | serviceRanges[0]: \"10.96.0.0\" (expected: a CIDR block such as 10.96.0.0/12)",
                "serviceRanges: [10.96.0.0/33]    | serviceRanges[0]: \"10.96.0.0/33\" (expected: a CIDR block such as 10.96.0.0/12)",
                "clusterDomain: cluster.local.    | clusterDomain: \"cluster.local.\" (expected: a domain without dots at its ends)",
                "socketLoadBalancing: maybe       | socketLoadBalancing: \"maybe\" (expected: true or false)",
            })
    void whatIsWrongIsOneLineThatNamesTheKey(String yaml, String message) {
        assertThatThrownBy(() -> Settings.parse(yaml))
                .isInstanceOf(ManifestException.class)
                .hasMessage(message);
    }

    @Test
    void aFileThatIsNotThereIsNamed(@TempDir Path folder) {
        assertThatThrownBy(() -> Settings.read(folder.resolve("config.yaml")))
                .isInstanceOf(IOException.class)
                .hasMessageEndingWith("config.yaml: no such file; create it or name another one");
    }

    @Test
    void anImageIsNamedWithAndWithoutARegistry() {
        assertThat(Settings.DEFAULT.image().reference("agent")).isEqualTo("agent:0.1.0-SNAPSHOT");
        assertThat(new Settings.Image("r/s", "1", "Always").reference("agent")).isEqualTo("r/s/agent:1");
    }
}
