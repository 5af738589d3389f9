package dev.sidestep.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;

/**
 * The VIP of a Service: takes a connection, picks a random pod of those listed, and passes bytes both ways, without a
 * look at them. That is kube-proxy's rule as documented for its iptables mode: by default, a backend at random, for
 * each connection.
 *
 * <p>One difference: the kernel refuses a connection to a dead pod, this resets it.
 */
final class VirtualIp implements AutoCloseable {
    private static final long STILL_OPEN = Long.MAX_VALUE;

    private final ServerSocket listener;
    private final Supplier<List<Integer>> podPorts;
    private final IntUnaryOperator randomBelow;
    /** When each connection to a pod ended, by our port and the pod's: how a pod's log tells who called. */
    private final Map<Long, Long> connections = new ConcurrentHashMap<>();

    VirtualIp(int port, Supplier<List<Integer>> podPorts, IntUnaryOperator randomBelow) throws IOException {
        this.listener = new ServerSocket();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1024);
        this.podPorts = podPorts;
        this.randomBelow = randomBelow;
    }

    void start() {
        inBackground("vip-" + listener.getLocalPort(), this::acceptAll);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Whether a request that a pod saw came through here. */
    boolean carried(int podPort, int peerPort, long micros) {
        Long end = connections.get(key(podPort, peerPort));
        return end != null && micros <= end;
    }

    private void acceptAll() {
        while (!listener.isClosed()) {
            try {
                Socket caller = listener.accept();
                inBackground("vip-connection", () -> forward(caller));
            } catch (IOException e) {
                // One connection less; when the listener is closed, the loop ends.
            }
        }
    }

    private void forward(Socket caller) {
        List<Integer> ports = podPorts.get();
        try {
            if (ports.isEmpty()) {
                reset(caller);
                return;
            }
            int podPort = ports.get(randomBelow.applyAsInt(ports.size()));
            Socket pod = connect(podPort);
            long key = key(podPort, pod.getLocalPort());
            caller.setOption(StandardSocketOptions.TCP_NODELAY, true);
            pod.setOption(StandardSocketOptions.TCP_NODELAY, true);
            inBackground("vip-answer", () -> copy(pod, caller));
            copy(caller, pod);
            connections.put(key, Time.nowMicros());
        } catch (IOException e) {
            reset(caller);
        }
    }

    /** A connection to a pod, noted before the pod can see it. */
    private Socket connect(int podPort) throws IOException {
        var pod = new Socket();
        pod.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        long key = key(podPort, pod.getLocalPort());
        connections.put(key, STILL_OPEN);
        try {
            pod.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), podPort));
            return pod;
        } catch (IOException e) {
            connections.remove(key);
            pod.close();
            throw e;
        }
    }

    /** Until the end of {@code from}, which it passes on; a reset becomes one. */
    private static void copy(Socket from, Socket to) {
        byte[] buffer = new byte[16 << 10];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                out.write(buffer, 0, count);
            }
            to.shutdownOutput();
            if (from.isOutputShutdown()) {
                from.close();
                to.close();
            }
        } catch (IOException e) {
            reset(from);
            reset(to);
        }
    }

    private static void reset(Socket socket) {
        try {
            socket.setOption(StandardSocketOptions.SO_LINGER, 0);
            socket.close();
        } catch (IOException e) {
            // It is closed already.
        }
    }

    private static long key(int podPort, int peerPort) {
        return (long) podPort << 16 | peerPort;
    }

    private static void inBackground(String name, Runnable action) {
        var thread = new Thread(action, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
