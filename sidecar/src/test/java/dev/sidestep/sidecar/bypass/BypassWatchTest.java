package dev.sidestep.sidecar.bypass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pod is 10.244.0.5, VIPs come from 10.96.0.0/12 and fd00:96::/108, 10.244.0.7:8080 is an endpoint. */
class BypassWatchTest {
    private static final Duration PERIOD = Duration.ofSeconds(15);
    private static final String LISTENS = "0.0.0.0:0";

    @TempDir
    private Path proc;

    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final List<String> vipsTold = new ArrayList<>();
    private final List<String> othersAsked = new ArrayList<>();
    private boolean away;
    private int ourPort = -1;
    private BypassWatch watch;

    @BeforeEach
    void start() throws IOException {
        sockets(List.of(), List.of());
        watch = new BypassWatch(
                owner,
                Runnable::run,
                new SocketTable(proc),
                new BypassWatch.Redirected(
                        16001,
                        16001,
                        List.of("10.96.0.0/12", "fd00:96::/108"),
                        List.of("10.96.9.0/24"),
                        List.of("3306", "9000-9100")),
                (local, remote) -> local.getPort() == ourPort,
                (vips, others) -> {
                    vipsTold.addAll(vips);
                    othersAsked.addAll(others);
                    return away
                            ? CompletableFuture.failedFuture(new IOException("away"))
                            : CompletableFuture.completedFuture(Set.of("10.244.0.7:8080"));
                },
                PERIOD);
        watch.start();
    }

    private void sockets(List<String> ipv4, List<String> ipv6) throws IOException {
        write("tcp", ipv4);
        write("tcp6", ipv6);
    }

    private void write(String file, List<String> lines) throws IOException {
        Files.writeString(
                proc.resolve(file), "  sl  local_address rem_address   st tx_queue\n" + String.join("", lines));
    }

    /** As the kernel prints it. */
    private static String socket(String local, String remote, int uid) throws IOException {
        String state = remote.equals(LISTENS) ? "0A" : "01";
        return String.format(
                Locale.ROOT,
                "   0: %s %s %s 00000000:00000000 00:00000000 00000000 %5d        0 12345 1 0000000000000000 20 4 30 10 -1\n",
                hex(local),
                hex(remote),
                state,
                uid);
    }

    private static String hex(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        String host = address.substring(0, colon).replace("[", "").replace("]", "");
        byte[] bytes = InetAddress.getByName(host).getAddress();
        var text = new StringBuilder();
        boolean mapped = address.startsWith("[") && bytes.length == 4;
        if (mapped) {
            text.append("0000000000000000FFFF0000");
        }
        for (int word = 0; word < bytes.length; word += 4) {
            for (int i = 3; i >= 0; i--) {
                text.append(String.format(Locale.ROOT, "%02X", bytes[word + i]));
            }
        }
        return text + String.format(Locale.ROOT, ":%04X", Integer.parseInt(address.substring(colon + 1)));
    }

    private void look(int times) {
        for (int i = 0; i < times; i++) {
            owner.advance(PERIOD);
        }
    }

    @Test
    void countsAConnectionToAVipThatDoesNotLeadToUs() throws IOException {
        sockets(
                List.of(socket("10.244.0.5:40000", "10.96.0.10:80", 1000)),
                List.of(socket("[fd00:244::5]:40001", "[fd00:96::10]:80", 0)));
        look(1);
        assertThat(watch.count()).as("it may just be coming to us").isZero();
        look(1);
        assertThat(watch.count()).isEqualTo(2);
        assertThat(vipsTold).containsExactlyInAnyOrder("10.96.0.10:80", "[fd00:96:0:0:0:0:0:10]:80");
        look(2);
        assertThat(vipsTold).as("told once").hasSize(2);
        sockets(List.of(), List.of());
        look(1);
        assertThat(watch.count()).isZero();
    }

    /** Our half of it is in the table of the listener's family, which has both. */
    @Test
    void countsNothingThatComesToUs() throws IOException {
        sockets(
                List.of(socket("10.244.0.5:40000", "10.96.0.10:80", 1000)),
                List.of(
                        socket("[::]:16001", LISTENS, 16001).replace("00000000:0000 0A", "0".repeat(32) + ":0000 0A"),
                        socket("[127.0.0.1]:16001", "[10.244.0.5]:40000", 16001)));
        look(3);
        assertThat(watch.count()).isZero();
        assertThat(othersAsked).isEmpty();
    }

    /** Our answer waits to be read, and behind it that we have closed the connection. */
    @Test
    void countsNothingThatCameToUsAndThatWeHaveClosed() throws IOException {
        String ours = socket("[127.0.0.1]:16001", "[10.244.0.5]:40000", 16001).replace(" 01 ", " 04 ");
        sockets(List.of(socket("10.244.0.5:40000", "10.96.0.10:80", 1000)), List.of(ours));
        look(3);
        assertThat(watch.count()).isZero();
    }

    @Test
    void countsNothingWhereOnlyAPartOfTheSocketsCanBeRead() throws IOException {
        String over = socket("[127.0.0.1]:16001", "[10.244.0.5]:39999", 16001).replace(" 01 ", " 06 ");
        List<String> many = new ArrayList<>(Collections.nCopies(20_000, over));
        many.add(socket("[127.0.0.1]:16001", "[10.244.0.5]:40000", 16001));
        sockets(List.of(socket("10.244.0.5:40000", "10.96.0.10:80", 1000)), many);
        look(3);
        assertThat(watch.count()).isZero();
    }

    @Test
    void countsAConnectionToAnEndpointOfAService() throws IOException {
        sockets(
                List.of(
                        socket("10.244.0.5:40000", "10.244.0.7:8080", 1000),
                        socket("10.244.0.5:40002", "10.244.0.7:8080", 1000),
                        socket("10.244.0.5:40001", "93.184.216.34:443", 1000)),
                List.of());
        look(2);
        assertThat(watch.count()).as("nobody has said yet what they are").isZero();
        look(1);
        assertThat(watch.count()).isEqualTo(2);
        look(5);
        assertThat(othersAsked).as("each asked once").containsExactlyInAnyOrder("10.244.0.7:8080", "93.184.216.34:443");
        owner.advance(Duration.ofMinutes(11));
        assertThat(othersAsked).as("and again when it may have changed").hasSize(4);
    }

    @Test
    void leavesOutWhatWeOpenWhatIsExcludedAndWhatComesIn() throws IOException {
        ourPort = 50000;
        sockets(
                List.of(
                        socket("10.244.0.5:50000", "10.244.0.7:8080", 0),
                        socket("10.244.0.5:50001", "10.96.0.1:443", 16001),
                        socket("10.244.0.5:50002", "10.96.9.9:80", 1000),
                        socket("10.244.0.5:50003", "10.96.0.10:3306", 1000),
                        socket("10.244.0.5:50004", "10.96.0.10:9050", 1000),
                        socket("0.0.0.0:8080", LISTENS, 1000),
                        socket("10.244.0.5:8080", "10.244.0.9:41000", 1000),
                        socket("127.0.0.1:50005", "127.0.0.1:9999", 1000),
                        socket("10.244.0.5:50006", "10.244.0.5:9999", 1000)),
                List.of());
        look(3);
        assertThat(watch.count()).isZero();
        assertThat(othersAsked).isEmpty();
        assertThat(vipsTold).isEmpty();
    }

    @Test
    void asksAgainWhenNobodyAnswered() throws IOException {
        away = true;
        sockets(List.of(socket("10.244.0.5:40000", "10.244.0.7:8080", 1000)), List.of());
        look(4);
        assertThat(othersAsked).hasSize(3);
        away = false;
        look(2);
        assertThat(watch.count()).isEqualTo(1);
    }

    @Test
    void readsWhatTheKernelOfThisMachinePrints() throws IOException {
        try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var client = new java.net.Socket(listener.getInetAddress(), listener.getLocalPort())) {
            var local = (InetSocketAddress) client.getLocalSocketAddress();
            var remote = (InetSocketAddress) client.getRemoteSocketAddress();
            assertThat(new SocketTable(Path.of("/proc/net")).read().orElseThrow())
                    .anyMatch(socket -> socket.isListening() && socket.local().equals(listener.getLocalSocketAddress()))
                    .anyMatch(socket -> socket.isEstablished()
                            && socket.local().equals(local)
                            && socket.remote().equals(remote));
        }
    }

    @Test
    void readsNoSocketOutOfWhatIsNone() {
        assertThat(SocketTable.parse("")).isEmpty();
        assertThat(SocketTable.parse("  0: 0100007F:1F90 00000000:0000")).isEmpty();
        assertThat(SocketTable.parse("  0: XXXX:1F90 00000000:0000 0A 0:0 00:0 0 16001"))
                .isEmpty();
        assertThat(SocketTable.parse("  0: 0100007F:3E81 00000000:0000 0A 0:0 00:0 0 16001 0 1")
                        .map(Socket::local))
                .contains(new InetSocketAddress(InetAddress.getLoopbackAddress(), 16001));
    }
}
