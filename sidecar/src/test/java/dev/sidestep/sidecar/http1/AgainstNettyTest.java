package dev.sidestep.sidecar.http1;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * A request that we forward must end where another reader thinks it ends: what we take is given to Netty's codec with a
 * second request behind it, and Netty has to find both. We may refuse what Netty takes, never the other way round.
 */
class AgainstNettyTest {
    private static final int ROUNDS = 20_000;
    private static final String NEXT = "GET /next HTTP/1.1\r\nHost: next\r\n\r\n";
    private static final String[] LINES = {
        "Host: b",
        "Content-Length: 5",
        "Content-Length: 0",
        "Transfer-Encoding: chunked",
        "Connection: close",
        "Connection: x",
        "X: y",
        "X:y",
        "Accept: a, b",
        "Expect: 100-continue",
        "Upgrade: h2c",
        "TE: trailers",
    };
    private static final String[] BODIES = {
        "", "hello", "5\r\nhello\r\n0\r\n\r\n", "5;a=b\r\nhello\r\n0\r\nT: v\r\n\r\n"
    };
    private static final String NOISE = "\r\n \t:,;0x5+-_\0\u000b\u007f\u0085aA\"";

    @Test
    void endsEveryRequestWhereNettyDoes() {
        long seed = Long.getLong("sidestep.seed", System.nanoTime());
        var random = new Random(seed);
        int taken = 0;
        for (int round = 0; round < ROUNDS; round++) {
            String request = request(random);
            String forwarded = forwarded(request + NEXT);
            if (!forwarded.isEmpty()) {
                taken++;
                assertNettyAgrees(forwarded + NEXT, "seed " + seed + ", round " + round + ": " + request);
            }
        }
        assertThat(taken).isGreaterThan(ROUNDS / 20);
    }

    private static String request(Random random) {
        var text = new StringBuilder("POST /a HTTP/1.1\r\nHost: b\r\n");
        boolean chunked = random.nextBoolean();
        text.append(chunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: 5\r\n");
        for (int i = random.nextInt(3); i > 0; i--) {
            text.append(LINES[random.nextInt(LINES.length)]).append("\r\n");
        }
        text.append("\r\n").append(chunked ? BODIES[2 + random.nextInt(2)] : "hello");
        for (int i = random.nextInt(3); i > 0; i--) {
            int at = random.nextInt(text.length());
            char noise = NOISE.charAt(random.nextInt(NOISE.length()));
            switch (random.nextInt(3)) {
                case 0 -> text.insert(at, noise);
                case 1 -> text.setCharAt(at, noise);
                default -> text.deleteCharAt(at);
            }
        }
        return text.toString();
    }

    /** What we send of the first request of {@code text}; "" if we refuse it or miss its end. */
    private static String forwarded(String text) {
        ByteBuf in = Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.ISO_8859_1));
        RequestHead head = new RequestHead();
        if (new HeadReader(new byte[1024]).read(head, in) != Head.Scan.COMPLETE) {
            return "";
        }
        Body body = new Body(1024);
        if (head.chunked) {
            body.chunked();
        } else {
            body.length(Math.max(0, head.length));
        }
        ByteBuf out = Unpooled.buffer();
        head.write(out);
        out.writeBytes(in, body.take(in));
        return body.done() ? out.toString(StandardCharsets.ISO_8859_1) : "";
    }

    private static void assertNettyAgrees(String text, String described) {
        var channel = new EmbeddedChannel(new HttpServerCodec());
        channel.writeInbound(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.ISO_8859_1)));
        int requests = 0;
        String last = "";
        for (Object message = channel.readInbound(); message != null; message = channel.readInbound()) {
            if (message instanceof HttpRequest request) {
                requests++;
                last = request.uri();
                assertThat(request.decoderResult().isSuccess())
                        .describedAs(described)
                        .isTrue();
            } else if (message instanceof HttpContent content) {
                assertThat(content.decoderResult().isSuccess())
                        .describedAs(described)
                        .isTrue();
            }
            ReferenceCountUtil.release(message);
        }
        assertThat(requests).describedAs(described).isEqualTo(2);
        assertThat(last).describedAs(described).isEqualTo("/next");
        channel.finishAndReleaseAll();
    }
}
