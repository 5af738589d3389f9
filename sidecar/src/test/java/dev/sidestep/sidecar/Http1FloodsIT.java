package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.FakeUpstream;
import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Clients that cost more than they should: what they cost is bounded, and the others are served. */
@ExtendWith(LeakRecorder.Check.class)
class Http1FloodsIT {
    private static final String GET = "GET / HTTP/1.1\r\nHost: backend\r\n\r\n";

    private final FakeUpstream backend = FakeUpstream.start("one");
    private final Sidecar sidecar = TestSidecar.start(new FakeControlPlane().serves("backend", backend.port()));
    private final List<RawClient> clients = new ArrayList<>();

    @AfterEach
    void stop() throws IOException {
        for (RawClient client : clients) {
            client.close();
        }
        sidecar.close();
        backend.close();
    }

    private RawClient connect() throws IOException {
        RawClient client = new RawClient(sidecar.proxyAddress());
        clients.add(client);
        return client;
    }

    private static long directBytes() {
        return ((AdaptiveByteBufAllocator) ByteBufAllocator.DEFAULT).usedDirectMemory();
    }

    private void assertServes() throws IOException {
        try (RawClient other = new RawClient(sidecar.proxyAddress())) {
            for (int i = 0; i < 20; i++) {
                assertThat(other.send(GET).read().body()).isEqualTo("one");
            }
        }
    }

    @Test
    void slowHeadsCostLittleAndHurtNobody() throws IOException {
        long before = directBytes();
        for (int i = 0; i < 500; i++) {
            connect().send("GET / HTTP/1.1\r\nHost: backend\r\nX-Slow: ");
        }
        for (RawClient client : clients) {
            client.send("a");
        }
        assertServes();
        assertThat(directBytes() - before).isLessThan(32 << 20);
    }

    /** What is pipelined waits in the kernel, but for one receive buffer for each connection. */
    @Test
    void pipelinesThatNobodyReadsCostOneBufferEach() throws IOException {
        long before = directBytes();
        String pipeline = GET.repeat(400);
        for (int i = 0; i < 20; i++) {
            connect().send(pipeline);
        }
        assertServes();
        assertThat(directBytes() - before).isLessThan(64 << 20);
        for (int i = 0; i < 400; i++) {
            assertThat(clients.get(0).read().body()).isEqualTo("one");
        }
    }

    @Test
    void emptyLinesAndEndlessTrailersAreNotReadForever() throws IOException {
        RawClient empty = connect();
        empty.send("\r\n".repeat(40_000));
        assertThat(empty.read().status()).isEqualTo(431);
        RawClient trailers = connect();
        trailers.send("POST / HTTP/1.1\r\nHost: backend\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
                + "a: b\r\n".repeat(20_000));
        assertThat(trailers.read().status()).isEqualTo(400);
        assertServes();
    }
}
