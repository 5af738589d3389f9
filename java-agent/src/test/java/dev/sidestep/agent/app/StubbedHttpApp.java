package dev.sidestep.agent.app;

import dev.sidestep.agent.boot.Balancer;
import dev.sidestep.agent.boot.Bridge;
import dev.sidestep.agent.boot.Call;
import dev.sidestep.agent.boot.EndpointAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** {@link HttpApp} with a round robin over the ports it is given in the engine's place, for {@code backend-service}. */
public final class StubbedHttpApp {
    private StubbedHttpApp() {}

    /** Runs until it is killed; {@code ports} are the endpoints'. */
    public static void main(String[] ports) throws IOException {
        Bridge.install(new RoundRobin(Stream.of(ports).map(Integer::valueOf).toList()));
        HttpApp.main(new String[0]);
    }

    private static final class RoundRobin implements Balancer {
        private final List<Integer> ports;
        private final AtomicInteger cursor = new AtomicInteger();

        RoundRobin(List<Integer> ports) {
            this.ports = ports;
        }

        @Override
        public @Nullable Call call(String host, int port, String method) {
            return host.startsWith("backend-service") ? new StubbedCall(host) : null;
        }

        private final class StubbedCall implements Call {
            private final String host;
            private int attempts;

            StubbedCall(String host) {
                this.host = host;
            }

            @Override
            public EndpointAddress attempt() {
                try {
                    attempts++;
                    int port = ports.get(Math.floorMod(cursor.getAndIncrement(), ports.size()));
                    return new EndpointAddress(InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1}), port);
                } catch (UnknownHostException e) {
                    throw new IllegalStateException(e);
                }
            }

            @Override
            public void responded(int status) {}

            @Override
            public void failed(Throwable failure) {}

            @Override
            public boolean retry(Throwable failure) {
                return attempts < 3;
            }

            @Override
            public Throwable explain(Throwable failure) {
                return new IOException("explained", failure);
            }
        }
    }
}
