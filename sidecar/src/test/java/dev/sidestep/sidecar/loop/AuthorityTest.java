package dev.sidestep.sidecar.loop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AuthorityTest {
    @Test
    void readsHostAndPort() {
        assertThat(Authority.parse("backend", 80)).isEqualTo(new Authority("backend", 80));
        assertThat(Authority.parse("backend:", 80)).isEqualTo(new Authority("backend", 80));
        assertThat(Authority.parse("backend:8080", 80)).isEqualTo(new Authority("backend", 8080));
        assertThat(Authority.parse("[::1]", 80)).isEqualTo(new Authority("::1", 80));
        assertThat(Authority.parse("[::1]:8080", 80)).isEqualTo(new Authority("::1", 8080));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ":80", "a:0", "a:65536", "a:-1", "a:8x", "a:b:80", "::1", "[::1", "[]", "[a]b:80", "a]:80"})
    void knowsWhatIsNone(String text) {
        assertThat(Authority.parse(text, 80)).isNull();
    }
}
