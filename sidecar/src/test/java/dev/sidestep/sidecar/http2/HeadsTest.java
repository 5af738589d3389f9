package dev.sidestep.sidecar.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.Outcome;
import dev.sidestep.sidecar.loop.Authority;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Error;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HeadsTest {
    @Test
    void anAuthorityIsAHostAndAPort() {
        assertThat(RequestHead.parse("peer")).isEqualTo(new Authority("peer", 80));
        assertThat(RequestHead.parse("peer.default.svc:8080")).isEqualTo(new Authority("peer.default.svc", 8080));
        assertThat(RequestHead.parse("[fd00::1]:9090")).isEqualTo(new Authority("fd00::1", 9090));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ":80", "a:b", "a:0", "a:65536", "u@h", "a/b", "a b", "a\tb", "[fd00::1", "a:1:2", "h%41"})
    void anythingElseIsNone(String text) {
        assertThat(RequestHead.parse(text)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "0,SUCCESS", "1,SUCCESS", "2,SERVER_ERROR", "3,SUCCESS", "4,SERVER_ERROR", "5,SUCCESS", "6,SUCCESS",
        "7,SUCCESS", "8,SUCCESS", "9,SUCCESS", "10,SUCCESS", "11,SUCCESS", "12,SUCCESS", "13,SERVER_ERROR",
        "14,SERVER_ERROR", "15,SERVER_ERROR", "16,SUCCESS", "x,SERVER_ERROR", "9999,SERVER_ERROR"
    })
    void onlyTheServersFaultsCountAgainstIt(String status, Outcome outcome) {
        assertThat(GrpcStatus.outcome(new DefaultHttp2Headers().set("grpc-status", status)))
                .isEqualTo(outcome);
    }

    @Test
    void aMessageIsAsciiInOneLine() {
        assertThat(Reply.percentEncoded("100% é\n")).isEqualTo("100%25 %C3%A9%0A");
    }

    @Test
    void framesOnClosedStreamsAreErrorsByHowTheyClosed() {
        var closed = new ClosedStreams();
        closed.opened(1);
        closed.opened(3);
        closed.reset(3);
        closed.opened(9);
        assertThat(closed.connectionError(1)).isEqualTo(Http2Error.STREAM_CLOSED);
        assertThat(closed.connectionError(3)).isNull();
        assertThat(closed.connectionError(5)).isEqualTo(Http2Error.PROTOCOL_ERROR);
        assertThat(closed.connectionError(7)).isEqualTo(Http2Error.PROTOCOL_ERROR);
        assertThat(closed.connectionError(9)).isEqualTo(Http2Error.STREAM_CLOSED);
    }
}
