package dev.sidestep.sidecar.http1;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BodyTest {
    private static final int LIMIT = 1024;

    private static ByteBuf bytes(String text) {
        return Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static Body chunked() {
        Body body = new Body(LIMIT);
        body.chunked();
        return body;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0\r\n\r\n",
                "5\r\nhello\r\n0\r\n\r\n",
                "05\r\nhello\r\n00\r\n\r\n",
                "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
                "5;name=value;other=\"a;\\\"b\"\r\nhello\r\n0;last\r\n\r\n",
                "5\r\n\r\n\r\n0\r\n0\r\nTrailer: value\r\nOther:\r\n\r\n",
            })
    void findsTheEndOfChunksInEverySplit(String chunks) {
        for (int split = 0; split <= chunks.length(); split++) {
            Body body = chunked();
            ByteBuf first = bytes(chunks.substring(0, split));
            assertThat(body.take(first)).isEqualTo(split);
            ByteBuf second = bytes(chunks.substring(split) + "GET / HTTP/1.1");
            assertThat(body.take(second)).isEqualTo(chunks.length() - split);
            assertThat(body.done()).isTrue();
            assertThat(body.take(second)).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\r\n",
                "x\r\n",
                "5 \r\nhello\r\n0\r\n\r\n",
                " 5\r\nhello\r\n0\r\n\r\n",
                "+5\r\nhello\r\n0\r\n\r\n",
                "-5\r\nhello\r\n0\r\n\r\n",
                "0x5\r\nhello\r\n0\r\n\r\n",
                "1_0\r\nhello\r\n0\r\n\r\n",
                "5\nhello\r\n0\r\n\r\n",
                "5\rhello\r\n0\r\n\r\n",
                "5;a\nhello\r\n0\r\n\r\n",
                "5;a\rb\r\nhello\r\n0\r\n\r\n",
                "5;\r\nhello\r\n0\r\n\r\n",
                "5;=a\r\nhello\r\n0\r\n\r\n",
                "5;a=\r\nhello\r\n0\r\n\r\n",
                "5;a=\"b\r\nhello\r\n0\r\n\r\n",
                "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n",
                "5; a\r\nhello\r\n0\r\n\r\n",
                "5;a\0b\r\nhello\r\n0\r\n\r\n",
                "5\r\nhelloX0\r\n\r\n",
                "5\r\nhello\n0\r\n\r\n",
                "5\r\nhello\rX0\r\n\r\n",
                "0\r\n\n",
                "0\r\nTrailer\r\n\r\n",
                "0\r\n folded\r\n\r\n",
                "0\r\nTrailer : value\r\n\r\n",
                "0\r\nTrailer: a\0b\r\n\r\n",
                "0\r\nTrailer: a\nb\r\n\r\n",
                "0\r\nTrailer: a\rb\r\n\r\n",
                "1000000000000000\r\n",
                "0000000000000005\r\nhello\r\n0\r\n\r\n",
            })
    void refusesChunksThatTwoReadersCouldReadDifferently(String chunks) {
        for (int split = 0; split <= chunks.length(); split++) {
            Body body = chunked();
            body.take(bytes(chunks.substring(0, split)));
            body.take(bytes(chunks.substring(split)));
            assertThat(body.malformed()).describedAs("split at %d", split).isTrue();
        }
    }

    @Test
    void boundsExtensionsAndTrailers() {
        Body extended = chunked();
        extended.take(bytes("5;" + "x".repeat(5000) + "\r\nhello\r\n"));
        assertThat(extended.malformed()).isTrue();
        Body trailed = chunked();
        trailed.take(bytes("0\r\nTrailer: " + "x".repeat(LIMIT) + "\r\n\r\n"));
        assertThat(trailed.malformed()).isTrue();
    }

    @Test
    void countsDownALength() {
        Body body = new Body(LIMIT);
        body.length(5);
        assertThat(body.take(bytes("hel"))).isEqualTo(3);
        assertThat(body.done()).isFalse();
        assertThat(body.take(bytes("loGET"))).isEqualTo(2);
        assertThat(body.done()).isTrue();
    }

    @Test
    void takesAllUntilTheConnectionEnds() {
        Body body = new Body(LIMIT);
        body.untilClose();
        assertThat(body.take(bytes("anything"))).isEqualTo(8);
        assertThat(body.done()).isFalse();
        assertThat(body.endsWithConnection()).isTrue();
    }
}
