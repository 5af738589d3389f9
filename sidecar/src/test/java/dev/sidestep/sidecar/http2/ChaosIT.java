package dev.sidestep.sidecar.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.Subchannel;
import dev.sidestep.sidecar.LeakRecorder;
import dev.sidestep.sidecar.http2.H2Socket.Frame;
import dev.sidestep.testkit.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Endpoints that do anything at any moment, and a client that gives up at random: every call ends, none is counted twice. */
@ExtendWith(LeakRecorder.Check.class)
final class ChaosIT {
    private static final int CALLS = 1500;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyCallEndsAndIsAccountedFor(long seed) throws IOException {
        List<ScriptedPeer> peers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            var random = new Random(seed * 31 + i);
            peers.add(new ScriptedPeer(socket -> misbehave(socket, new Random(random.nextLong()))));
        }
        try (var proxy = new Proxy();
                var client = H2Socket.connect(proxy.address())) {
            proxy.directory()
                    .put("peer", peers.stream().map(ScriptedPeer::address).toList());
            Set<Subchannel> endpoints = endpoints(proxy);
            Map<Integer, String> ends = new HashMap<>();
            call(client, new Random(seed), ends);
            assertThat(ends).hasSize(CALLS);
            assertThat(ends.values()).contains("answered", "cancelled");
            Await.until(
                    "no call in flight",
                    Duration.ofSeconds(5),
                    () -> endpoints.stream().allMatch(endpoint -> endpoint.inFlight() == 0),
                    () -> endpoints.stream().map(Subchannel::inFlight).toList());
        } finally {
            for (ScriptedPeer peer : peers) {
                peer.close();
            }
        }
    }

    private static Set<Subchannel> endpoints(Proxy proxy) {
        var destination = proxy.loop.target("peer", 80).destination();
        Set<Subchannel> endpoints = new LinkedHashSet<>();
        Await.until("three endpoints", Duration.ofSeconds(5), () -> {
            if (destination.pick() instanceof Subchannel endpoint) {
                endpoints.add(endpoint);
            }
            return endpoints.size() == 3;
        });
        return endpoints;
    }

    /** Keeps some twenty calls open until all have ended, and says how each did. */
    private static void call(H2Socket client, Random random, Map<Integer, String> ends) throws IOException {
        int opened = 0;
        Map<Integer, Boolean> open = new HashMap<>();
        while (ends.size() < CALLS) {
            while (opened < CALLS && open.size() < 20) {
                int id = 2 * opened++ + 1;
                boolean get = random.nextBoolean();
                client.request(id, get, get ? "GET" : "POST", "peer");
                if (!get) {
                    client.data(id, true, new byte[random.nextInt(3000)]);
                }
                open.put(id, get);
                if (random.nextInt(20) == 0) {
                    client.number(H2Socket.RST_STREAM, id, 8);
                    open.remove(id);
                    ends.put(id, "cancelled");
                }
            }
            Frame frame = client.nextOfStream();
            if (frame.is(H2Socket.DATA)) {
                client.number(H2Socket.WINDOW_UPDATE, 0, Math.max(1, frame.payload().length));
            }
            boolean over = frame.is(H2Socket.RST_STREAM) || frame.ends();
            if (over && open.remove(frame.stream()) != null) {
                ends.put(frame.stream(), frame.is(H2Socket.RST_STREAM) ? "reset" : "answered");
            }
        }
    }

    private static void misbehave(H2Socket socket, Random random) throws IOException {
        if (random.nextInt(10) == 0) {
            return; // Accepts, and closes.
        }
        socket.accept();
        while (true) {
            Frame frame = socket.next(H2Socket.HEADERS);
            int id = frame.stream();
            switch (random.nextInt(40)) {
                case 0 -> socket.number(H2Socket.RST_STREAM, id, 7);
                case 1 -> socket.number(H2Socket.RST_STREAM, id, 2);
                case 2 -> {
                    socket.goAway(random.nextInt(id + 1), 0);
                    return;
                }
                case 3 -> {
                    socket.socket().setSoLinger(true, 0);
                    return;
                }
                case 4 -> {
                    socket.headers(id, false, ":status", "200");
                    socket.number(H2Socket.RST_STREAM, id, 2);
                }
                case 5 -> {
                    socket.headers(id, true, ":status", "503");
                    socket.number(H2Socket.RST_STREAM, id, 0);
                }
                case 6 -> socket.headers(id, true, ":status", "200", "Upper", "case");
                case 7 -> socket.headers(id, true, "no", "status");
                default -> ScriptedPeer.answer(socket, id, "x".repeat(random.nextInt(2000)));
            }
        }
    }
}
