package dev.sidestep.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** With real sockets: a forwarder is nothing else. */
class VirtualIpTest {
    private final List<AutoCloseable> open = new ArrayList<>();
    private final AtomicInteger next = new AtomicInteger();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    @Test
    void choosesAPodForEachConnectionAndPassesBytesBothWays() throws Exception {
        ServerSocket one = pod();
        ServerSocket other = pod();
        int port = forward(List.of(one.getLocalPort(), other.getLocalPort()));
        for (ServerSocket pod : List.of(one, other)) {
            Socket caller = connect(port);
            caller.getOutputStream().write("ask".getBytes(StandardCharsets.US_ASCII));
            caller.shutdownOutput();
            Socket atPod = accept(pod);
            assertThat(atPod.getInputStream().readAllBytes()).asString().isEqualTo("ask");
            atPod.getOutputStream().write("answer".getBytes(StandardCharsets.US_ASCII));
            atPod.close();
            assertThat(caller.getInputStream().readAllBytes()).asString().isEqualTo("answer");
        }
    }

    @Test
    void passesAResetOn() throws Exception {
        ServerSocket pod = pod();
        Socket caller = connect(forward(List.of(pod.getLocalPort())));
        Socket atPod = accept(pod);
        atPod.setOption(StandardSocketOptions.SO_LINGER, 0);
        atPod.close();
        assertThat(readFails(caller)).isTrue();
    }

    @Test
    void resetsAConnectionThatNoPodTakes() throws Exception {
        assertThat(readFails(connect(forward(List.of())))).isTrue();
    }

    @Test
    void tellsWhichConnectionsOfAPodCameThroughIt() throws Exception {
        ServerSocket pod = pod();
        var vip = new VirtualIp(0, () -> List.of(pod.getLocalPort()), bound -> 0);
        open.add(vip);
        vip.start();
        Socket caller = connect(vip.port());
        Socket carried = accept(pod);
        Socket direct = connect(pod.getLocalPort());
        assertThat(vip.carried(pod.getLocalPort(), carried.getPort(), Time.nowMicros()))
                .isTrue();
        assertThat(vip.carried(pod.getLocalPort(), direct.getLocalPort(), Time.nowMicros()))
                .isFalse();
        assertThat(caller.isClosed()).isFalse();
    }

    private static boolean readFails(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (IOException e) {
            return true;
        }
    }

    private int forward(List<Integer> pods) throws IOException {
        var vip = new VirtualIp(0, () -> pods, bound -> next.getAndIncrement() % bound);
        open.add(vip);
        vip.start();
        return vip.port();
    }

    private ServerSocket pod() throws IOException {
        var pod = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        open.add(pod);
        return pod;
    }

    private Socket accept(ServerSocket pod) throws IOException {
        Socket accepted = pod.accept();
        open.add(accepted);
        return accepted;
    }

    private Socket connect(int port) throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(10_000);
        open.add(socket);
        return socket;
    }
}
