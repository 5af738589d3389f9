package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.model.Protocol;
import dev.sidestep.sidecar.http2.GrpcPeer;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.Http1;
import dev.sidestep.testkit.Jdk;
import dev.sidestep.testkit.Pod;
import dev.sidestep.testkit.Requirements;
import dev.sidestep.testkit.SourceTree;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A sidecar behind real iptables rules, in a network namespace: what is taken, where it goes, and what is left alone. Its
 * servers are on the other end of the pod's only wire.
 */
@Timeout(60)
class RedirectIT {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Path REDIRECT = SourceTree.root()
            .resolve("k8s")
            .resolve("images")
            .resolve("sidecar")
            .resolve("sidestep-redirect");
    private static final String GET = "GET / HTTP/1.1\r\nHost: whatever\r\n\r\n";

    private final List<AutoCloseable> open = new ArrayList<>();
    private final HttpClient pages = HttpClient.newHttpClient();
    private final Map<Integer, InetSocketAddress> doors = new HashMap<>();
    private Pod pod;

    @BeforeEach
    void makePod() {
        pod = Pod.create();
    }

    @AfterEach
    void removeAll() throws Exception {
        Collections.reverse(open); // Clients before the sidecar, which would wait for them.
        for (AutoCloseable each : open) {
            each.close();
        }
        if (pod != null) {
            pod.close();
        }
    }

    private static Jdk runningJdk() {
        return new Jdk(Runtime.version().feature(), Path.of(System.getProperty("java.home")));
    }

    private void redirect(Map<String, String> environment) {
        Map<String, String> all =
                new HashMap<>(Map.of("SIDESTEP_SERVICE_RANGES", pod.serviceRange() + "," + pod.serviceRange6()));
        all.putAll(environment);
        Pod.Ended ended = pod.run(all, REDIRECT.toString(), "--strict");
        assertThat(ended.code()).as(ended.output()).isZero();
    }

    private RedirectedSidecar sidecar(Map<String, String> environment) {
        RedirectedSidecar started = RedirectedSidecar.start(pod, runningJdk(), environment);
        open.add(started);
        return started;
    }

    /** The usual case: rules for Services, and a sidecar. */
    private RedirectedSidecar services() {
        redirect(Map.of());
        return sidecar(Map.of());
    }

    private FakeUpstream http(String name) {
        return http(name, pod.hostAddress());
    }

    private FakeUpstream http(String name, InetAddress at) {
        FakeUpstream made = FakeUpstream.start(name, at, request -> Http1.Response.ok(name));
        open.add(made);
        return made;
    }

    private RawServer raw(RawServer.Script script) throws IOException {
        RawServer made = RawServer.start(pod.hostAddress(), script);
        open.add(made);
        return made;
    }

    private InetSocketAddress at(RawServer server) {
        return new InetSocketAddress(pod.hostAddress(), server.port());
    }

    private InetSocketAddress vip(int last, int port) {
        return new InetSocketAddress(pod.vip(last), port);
    }

    /** A client in the pod. */
    private RawClient call(InetSocketAddress to) throws IOException {
        RawClient client = new RawClient(pod.through(to));
        open.add(client);
        return client;
    }

    private static Map<String, Integer> get(RawClient client, int times) throws IOException {
        Map<String, Integer> seen = new TreeMap<>();
        for (int i = 0; i < times; i++) {
            seen.merge(client.send(GET).read().body(), 1, Integer::sum);
        }
        return seen;
    }

    /** What the sidecar tells of itself on a port, asked from inside of the pod. */
    private String page(int port, String path) throws Exception {
        InetSocketAddress known = doors.get(port);
        InetSocketAddress door =
                known == null ? pod.through(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)) : known;
        doors.put(port, door);
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + door.getPort() + path))
                .build();
        return pages.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void balancesWhatProgramsSendToVipsRequestByRequest(int feature) throws Exception {
        redirect(Map.of());
        RedirectedSidecar sidecar = RedirectedSidecar.start(pod, Requirements.jdk(feature), Map.of());
        open.add(sidecar);
        List<String> callers = new ArrayList<>();
        for (InetAddress host : List.of(pod.hostAddress(), pod.hostAddress6())) {
            boolean ipv4 = host.equals(pod.hostAddress());
            InetSocketAddress vip = new InetSocketAddress(ipv4 ? pod.vip(10) : pod.vip6(10), 80);
            FakeUpstream one = http("one", host);
            FakeUpstream two = http("two", host);
            sidecar.serves("backend", Protocol.HTTP1, List.of(vip), List.of(one.address(), two.address()));
            assertThat(get(call(vip), 10)).isEqualTo(Map.of("one", 5, "two", 5));
        }
        RawServer asksWho = raw(connection -> {
            callers.add(connection.socket().getInetAddress().getHostAddress());
            connection.write("220\r\n");
        });
        sidecar.serves("mail", Protocol.TCP, List.of(vip(11, 25)), List.of(at(asksWho)));
        assertThat(call(vip(11, 25)).readBytes(5)).isEqualTo("220\r\n");
        assertThat(callers)
                .as("who the server sees")
                .containsExactly(pod.address().getHostAddress());
    }

    @Test
    void answersPipelinedRequestsInTheirOrder() throws Exception {
        RedirectedSidecar sidecar = services();
        FakeUpstream upstream =
                FakeUpstream.start("echo", pod.hostAddress(), request -> Http1.Response.ok(request.target()));
        open.add(upstream);
        sidecar.serves("echo", Protocol.UNDECLARED, List.of(vip(10, 80)), List.of(upstream.address()));
        RawClient client = call(vip(10, 80));
        client.send(
                "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
        assertThat(List.of(
                        client.read().body(),
                        client.read().body(),
                        client.read().body()))
                .containsExactly("/1", "/2", "/3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP2", "UNDECLARED"})
    void balancesGrpcCallByCall(String protocol) throws Exception {
        RedirectedSidecar sidecar = services();
        List<GrpcPeer> peers = new ArrayList<>();
        for (String name : List.of("a", "b", "c")) {
            var peer = new GrpcPeer(name, pod.hostAddress());
            peers.add(peer);
            open.add(peer);
        }
        sidecar.serves(
                "greeter",
                Protocol.valueOf(protocol),
                List.of(vip(10, 80)),
                peers.stream().map(GrpcPeer::address).toList());
        ManagedChannel channel = NettyChannelBuilder.forAddress(pod.through(vip(10, 80)))
                .usePlaintext()
                .build();
        try {
            for (int i = 0; i < 30; i++) {
                ClientCalls.blockingUnaryCall(channel, GrpcPeer.NAME, CallOptions.DEFAULT, new byte[0]);
            }
        } finally {
            channel.shutdownNow();
        }
        assertThat(peers.stream().map(peer -> peer.calls.get())).containsExactly(10, 10, 10);
    }

    @Test
    void passesAWebSocketOn() throws Exception {
        RedirectedSidecar sidecar = services();
        RawServer server = raw(connection -> {
            assertThat(connection.readHead()).contains("Upgrade: websocket");
            connection.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            connection.write(connection.read(5));
            connection.awaitEnd();
        });
        sidecar.serves("chat", Protocol.UNDECLARED, List.of(vip(10, 80)), List.of(at(server)));
        RawClient client = call(vip(10, 80));
        client.send("GET /chat HTTP/1.1\r\nHost: chat\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        assertThat(client.read().status()).isEqualTo(101);
        assertThat(client.send("hello").readBytes(5)).isEqualTo("hello");
    }

    /** As MySQL does: the server greets, and the client would wait for it for ever. */
    @ParameterizedTest
    @ValueSource(strings = {"TCP", "UNDECLARED"})
    void passesOnAServersGreeting(String protocol) throws Exception {
        RedirectedSidecar sidecar = services();
        List<InetSocketAddress> servers = new ArrayList<>();
        for (int i = 1; i <= 2; i++) {
            String greeting = "J\0\0\0\n8.0." + i;
            servers.add(at(raw(connection -> {
                connection.write(greeting);
                connection.write(connection.read(3));
                connection.awaitEnd();
                connection.write("bye");
            })));
        }
        sidecar.serves("mysql", Protocol.valueOf(protocol), List.of(vip(10, 3306)), servers);
        Map<String, Integer> seen = new TreeMap<>();
        for (int i = 0; i < 4; i++) {
            try (RawClient client = new RawClient(pod.through(vip(10, 3306)))) {
                seen.merge(client.readBytes(10), 1, Integer::sum);
                assertThat(client.send("ask").readBytes(3)).isEqualTo("ask");
                client.socket().shutdownOutput();
                assertThat(client.readToEnd()).isEqualTo("bye");
            }
        }
        assertThat(seen).isEqualTo(Map.of("J\0\0\0\n8.0.1", 2, "J\0\0\0\n8.0.2", 2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLS", "UNDECLARED"})
    void passesTlsOnAsItIs(String protocol) throws Exception {
        RedirectedSidecar sidecar = services();
        String hello = "\u0016\u0003\u0001\u0000\u0005hello";
        RawServer server = raw(connection -> {
            connection.write(connection.read(hello.length()));
            connection.awaitEnd();
        });
        sidecar.serves("secure", Protocol.valueOf(protocol), List.of(vip(10, 443)), List.of(at(server)));
        assertThat(call(vip(10, 443)).send(hello).readBytes(hello.length())).isEqualTo(hello);
    }

    /** A caller may say any Host: without us the address alone would decide. */
    @Test
    void sendsARequestWhereItsConnectionWasGoing() throws Exception {
        RedirectedSidecar sidecar = services();
        sidecar.serves(
                "right",
                Protocol.HTTP1,
                List.of(vip(10, 80)),
                List.of(http("right").address()));
        sidecar.serves(
                "wrong",
                Protocol.HTTP1,
                List.of(vip(11, 80)),
                List.of(http("wrong").address()));
        RawClient client = call(vip(10, 80));
        assertThat(client.send("GET / HTTP/1.1\r\nHost: wrong\r\n\r\n").read().body())
                .isEqualTo("right");
        assertThat(client.send("GET / HTTP/1.0\r\n\r\n").read().body()).isEqualTo("right");
    }

    @Test
    void letsAPodCallItselfByItsOwnVip() throws Exception {
        RedirectedSidecar sidecar = services();
        int port = pod.httpPort();
        sidecar.serves(
                "self",
                Protocol.UNDECLARED,
                List.of(vip(10, 80), new InetSocketAddress(pod.vip6(10), 80)),
                List.of(new InetSocketAddress(pod.address(), port)));
        assertThat(get(call(vip(10, 80)), 3)).isEqualTo(Map.of("self", 3));
        assertThat(get(call(new InetSocketAddress(pod.vip6(10), 80)), 3)).isEqualTo(Map.of("self", 3));
        assertThat(get(call(new InetSocketAddress(pod.address(), port)), 1))
                .as("by its own address, which never leaves it")
                .isEqualTo(Map.of("self", 1));
    }

    /** Whatever it says: nobody looks into it. */
    @Test
    void passesOnWhatGoesToAVipThatNobodyKnows() throws Exception {
        services();
        pod.addToHost(pod.vip(20));
        RawServer server = RawServer.start(pod.vip(20), connection -> {
            connection.write(connection.read(11) + "!");
            connection.awaitEnd();
        });
        open.add(server);
        assertThat(call(new InetSocketAddress(pod.vip(20), server.port()))
                        .send("GET / what?")
                        .readBytes(12))
                .isEqualTo("GET / what?!");
        assertThat(page(16020, "/metrics")).contains("sidestep_fallbacks_total{reason=\"UNKNOWN_SERVICE\"} 1.0");
    }

    @Test
    void leavesUdpAlone() throws Exception {
        services();
        pod.addToHost(pod.vip(20));
        try (var server = new DatagramSocket(new InetSocketAddress(pod.vip(20), 0))) {
            var answering = new Thread(() -> {
                try {
                    var packet = new DatagramPacket(new byte[100], 100);
                    server.receive(packet);
                    server.send(packet);
                } catch (IOException closed) {
                    // The test fails by itself.
                }
            });
            answering.start();
            String script = "exec 3<>/dev/udp/" + pod.vip(20).getHostAddress() + "/" + server.getLocalPort()
                    + "; printf hi >&3; timeout 5 head -c 2 <&3";
            assertThat(pod.inside("bash", "-c", script)).isEqualTo("hi");
            answering.join();
        }
    }

    /** In the mode for Services, all else keeps its way, and needs no sidecar. */
    @Test
    void takesOnlyWhatGoesToServiceRanges() throws Exception {
        redirect(Map.of(
                "SIDESTEP_EXCLUDE_OUTBOUND_PORTS",
                "81,9000-9100",
                "SIDESTEP_EXCLUDE_OUTBOUND_IP_RANGES",
                pod.vip(21).getHostAddress(),
                "SIDESTEP_INCLUDE_OUTBOUND_PORTS",
                "7000"));
        pod.addToHost(pod.vip(20));
        pod.addToHost(pod.vip(21));
        pod.addToHost(pod.vip6(20));
        RawServer.Script silent = RawServer.Connection::awaitEnd;
        for (InetAddress address :
                List.of(pod.hostAddress(), pod.hostAddress6(), pod.vip(20), pod.vip(21), pod.vip6(20))) {
            for (int port : List.of(80, 81, 7000, 9050)) {
                open.add(RawServer.start(address, port, silent));
            }
        }
        Map<String, Boolean> taken = new TreeMap<>();
        for (InetAddress address :
                List.of(pod.hostAddress(), pod.hostAddress6(), pod.vip(20), pod.vip(21), pod.vip6(20))) {
            String name = address.equals(pod.vip(20))
                    ? "vip"
                    : address.equals(pod.vip6(20))
                            ? "vip6"
                            : address.equals(pod.vip(21))
                                    ? "excluded"
                                    : address.equals(pod.hostAddress()) ? "host" : "host6";
            for (int port : List.of(80, 81, 7000, 9050)) {
                taken.put(name + ":" + port, isTaken(new InetSocketAddress(address, port)));
            }
        }
        assertThat(taken.entrySet().stream().filter(Map.Entry::getValue).map(Map.Entry::getKey))
                .containsExactly("host6:7000", "host:7000", "vip6:7000", "vip6:80", "vip:7000", "vip:80");
    }

    /** Without a sidecar behind it, a port that is redirected is one that refuses. */
    private boolean isTaken(InetSocketAddress address) {
        try {
            pod.connect(address).close();
            return false;
        } catch (IOException refused) {
            return true;
        }
    }

    @Test
    void leavesTheSidecarsUserAndGroupAlone() throws Exception {
        redirect(Map.of("SIDESTEP_INTERCEPT", "all"));
        pod.addToHost(pod.vip(20));
        RawServer server = RawServer.start(pod.vip(20), connection -> connection.write("direct"));
        open.add(server);
        String call = "exec 3<>/dev/tcp/" + pod.vip(20).getHostAddress() + "/" + server.port() + "; cat <&3";
        assertThat(pod.inside("setpriv", "--reuid=16001", "--clear-groups", "bash", "-c", call))
                .isEqualTo("direct");
        assertThat(pod.inside("setpriv", "--regid=16001", "--clear-groups", "bash", "-c", call))
                .isEqualTo("direct");
        assertThat(pod.run(Map.of(), "setpriv", "--reuid=1000", "--clear-groups", "bash", "-c", call)
                        .code())
                .isNotZero();
    }

    /** The rules leave another user alone than the sidecar's: its own calls come back to it. */
    @Test
    void refusesItsOwnConnectionsInsteadOfCallingItselfWithoutEnd() throws Exception {
        redirect(Map.of("SIDESTEP_PROXY_UID", "4242"));
        sidecar(Map.of());
        pod.addToHost(pod.vip(20));
        RawServer server = RawServer.start(pod.vip(20), RawServer.Connection::awaitEnd);
        open.add(server);
        assertThat(call(new InetSocketAddress(pod.vip(20), server.port())).isClosed())
                .isTrue();
        assertThat(page(16020, "/metrics")).contains("reason=\"LOOP\"");
        String loops = page(16020, "/metrics")
                .lines()
                .filter(line -> line.contains("reason=\"LOOP\""))
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .findFirst()
                .orElse("");
        assertThat(Double.parseDouble(loops)).as("how often it came around").isLessThan(20);
        assertThat(server.accepted()).isZero();
    }

    /** The kernel gives a port to several connections that go to different places, and pod and sidecar share addresses. */
    @Test
    void takesACallFromAPortThatItUsesItself() throws Exception {
        RedirectedSidecar sidecar = services();
        FakeUpstream one = http("one");
        FakeUpstream two = http("two");
        sidecar.serves("backend", Protocol.HTTP1, List.of(vip(10, 80)), List.of(one.address(), two.address()));
        pod.inside("sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=40000 40003");
        for (int i = 0; i < 4; i++) {
            assertThat(get(call(vip(10, 80)), 2)).isEqualTo(Map.of("one", 1, "two", 1));
        }
        long connections = pod.inside("ss", "-Htn", "sport >= :40000 and sport <= :40003")
                .lines()
                .count();
        assertThat(connections).as("those that share the four ports").isGreaterThan(4);
    }

    @Test
    void isAProxyForThePodAloneOnItsPort() throws Exception {
        RedirectedSidecar sidecar = services();
        FakeUpstream one = http("one");
        sidecar.serves("backend", Protocol.HTTP1, List.of(vip(10, 80)), List.of(one.address()));
        RawClient inside = call(new InetSocketAddress(InetAddress.getLoopbackAddress(), 16001));
        assertThat(inside.send("GET http://backend/ HTTP/1.1\r\nHost: backend\r\n\r\n")
                        .read()
                        .body())
                .isEqualTo("one");
        try (RawClient outside = new RawClient(new InetSocketAddress(pod.address(), 16001))) {
            assertThat(outside.isClosed()).isTrue();
        }
    }

    @Test
    void takesAllTcpWhenAskedTo() throws Exception {
        redirect(Map.of("SIDESTEP_INTERCEPT", "all"));
        RedirectedSidecar sidecar = sidecar(Map.of("SIDESTEP_INTERCEPT", "all"));
        FakeUpstream one = http("one");
        FakeUpstream two = http("two");
        sidecar.serves("backend", Protocol.HTTP1, List.of(vip(10, 80)), List.of(one.address(), two.address()));
        assertThat(get(call(vip(10, 80)), 4)).isEqualTo(Map.of("one", 2, "two", 2));
        try (RawClient chosen = new RawClient(pod.through(one.address()))) {
            assertThat(get(chosen, 4))
                    .as("an endpoint that the caller chose itself")
                    .isEqualTo(Map.of("one", 4));
        }
        Await.untilPasses(
                "the four are one connection, of which nothing was read",
                LIMIT,
                () -> assertThat(page(16020, "/metrics"))
                        .containsPattern("sidestep_requests_total\\{.*service=\"elsewhere\",status=\"none\"} 1.0")
                        .containsPattern(
                                "sidestep_requests_total\\{.*service=\"backend.default:80\",status=\"2xx\"} 4.0"));
        one.refuse();
        assertThatThrownBy(() -> call(one.address()).send(GET).read())
                .as("no other endpoint in its place")
                .isInstanceOf(IOException.class);
    }

    /** Some CNIs put an endpoint in the VIP's place before iptables sees the call. */
    @Test
    void goesByTheHostWhereVipsAreTranslatedBelowUs() throws Exception {
        redirect(Map.of("SIDESTEP_INTERCEPT", "all"));
        RedirectedSidecar sidecar =
                sidecar(Map.of("SIDESTEP_INTERCEPT", "all", "SIDESTEP_SOCKET_LOAD_BALANCING", "true"));
        FakeUpstream one = http("one");
        FakeUpstream two = http("two");
        FakeUpstream other = http("other");
        sidecar.serves("backend", Protocol.HTTP1, List.of(vip(10, 80)), List.of(one.address(), two.address()));
        sidecar.serves("other", Protocol.HTTP1, List.of(vip(11, 80)), List.of(other.address()));
        RawClient client = call(one.address());
        Await.until(
                "the name is known", LIMIT, () -> ask(client, "Host: backend").equals("two"));
        Map<String, Integer> seen = new TreeMap<>();
        for (int i = 0; i < 4; i++) {
            seen.merge(ask(client, "Host: backend"), 1, Integer::sum);
        }
        assertThat(seen).isEqualTo(Map.of("one", 2, "two", 2));
        for (String host : List.of("Host: other", "Host: example.com", "Host: backend\r\nx-sidestep-attempt: 2")) {
            assertThat(List.of(ask(client, host), ask(client, host))).as(host).containsExactly("one", "one");
        }
    }

    private static String ask(RawClient client, String lines) throws IOException {
        return client.send("GET / HTTP/1.1\r\n" + lines + "\r\n\r\n").read().body();
    }

    /** Before the first answer a call waits 250 ms, once, and then goes where it was going. */
    @Test
    void losesNoEarlyCall() throws Exception {
        redirect(Map.of());
        pod.addToHost(pod.vip(20));
        FakeUpstream vip = http("vip", pod.vip(20));
        RedirectedSidecar sidecar = sidecar(Map.of()).silent();
        Map<String, Integer> seen = new TreeMap<>();
        for (int i = 0; i < 5; i++) {
            seen.merge(call(vip.address()).send(GET).read().body(), 1, Integer::sum);
        }
        assertThat(seen).isEqualTo(Map.of("vip", 5));
        assertThat(sidecar.process().isAlive()).isTrue();
    }

    @Test
    void takesConnectionsUntilTheApplicationHasNone() throws Exception {
        RedirectedSidecar sidecar = services();
        FakeUpstream one = http("one");
        sidecar.serves("backend", Protocol.HTTP1, List.of(vip(10, 80)), List.of(one.address()));
        RawClient standing = call(vip(10, 80));
        assertThat(get(standing, 1)).isEqualTo(Map.of("one", 1));
        assertThat(pod.run(
                                Map.of(),
                                "kill",
                                "-TERM",
                                Long.toString(sidecar.process().pid()))
                        .code())
                .isZero();
        sidecar.process().awaitLine("draining", LIMIT);
        assertThat(get(standing, 2)).isEqualTo(Map.of("one", 2));
        try (RawClient late = new RawClient(pod.through(vip(10, 80)))) {
            assertThat(get(late, 1)).isEqualTo(Map.of("one", 1));
        }
        standing.close();
        sidecar.process().awaitExit(LIMIT);
    }

    /** Bounded, measured and published: docs/interception.md. */
    @Test
    void refusesCallsToVipsWhileItIsDeadAndNoOthers() throws Exception {
        RedirectedSidecar sidecar = services();
        FakeUpstream one = http("one");
        sidecar.serves("backend", Protocol.HTTP1, List.of(vip(10, 80)), List.of(one.address()));
        assertThat(get(call(vip(10, 80)), 1)).isEqualTo(Map.of("one", 1));
        long from = System.nanoTime();
        sidecar.process().kill();
        assertThatThrownBy(() -> pod.connect(vip(10, 80)).close()).hasMessageContaining("refused");
        assertThat(get(call(one.address()), 1)).isEqualTo(Map.of("one", 1));
        RedirectedSidecar next = sidecar(Map.of());
        next.serves("backend", Protocol.HTTP1, List.of(vip(10, 80)), List.of(one.address()));
        assertThat(get(call(vip(10, 80)), 1)).isEqualTo(Map.of("one", 1));
        long nanos = System.nanoTime() - from;
        System.out.println("killed and started again at once, calls failed for "
                + Duration.ofNanos(nanos).toMillis() + " ms");
    }

    @Test
    void worksWhereIpv6IsSwitchedOff() throws Exception {
        pod.inside("sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1");
        RedirectedSidecar sidecar = services();
        sidecar.serves(
                "backend",
                Protocol.HTTP1,
                List.of(vip(10, 80)),
                List.of(http("one").address()));
        assertThat(get(call(vip(10, 80)), 1)).isEqualTo(Map.of("one", 1));
    }

    /** The rules are there for IPv4 only, and not for a port that is called by address. */
    @Test
    void countsTheConnectionsThatPassItBy() throws Exception {
        redirect(Map.of("SIDESTEP_SERVICE_RANGES", pod.serviceRange()));
        RedirectedSidecar sidecar =
                sidecar(Map.of("SIDESTEP_SERVICE_RANGES", pod.serviceRange() + "," + pod.serviceRange6()));
        pod.addToHost(pod.vip6(20));
        RawServer aside = RawServer.start(pod.vip6(20), RawServer.Connection::awaitEnd);
        open.add(aside);
        FakeUpstream one = http("one");
        FakeUpstream stranger = http("stranger");
        sidecar.serves("backend", Protocol.HTTP1, List.of(vip(10, 80)), List.of(one.address()));
        assertThat(get(call(vip(10, 80)), 1)).isEqualTo(Map.of("one", 1));
        call(new InetSocketAddress(pod.vip6(20), aside.port()));
        assertThat(get(call(one.address()), 1)).isEqualTo(Map.of("one", 1));
        assertThat(get(call(stranger.address()), 1)).isEqualTo(Map.of("stranger", 1));
        Await.untilPasses(
                "the one to a VIP and the one to an endpoint are counted",
                Duration.ofSeconds(50),
                () -> assertThat(page(16020, "/metrics")).contains("sidestep_not_intercepted 2.0"));
        assertThat(sidecar.process().output())
                .anySatisfy(
                        line -> assertThat(line).contains("connections of this pod's programs to Services pass us by"));
    }

    @Test
    void refusesToStartWhereItCannotTellWhereConnectionsWereGoing() {
        Pod.Ended ended = pod.run(
                Map.of("SIDESTEP_INTERCEPT", "all", "SIDESTEP_TRANSPORT", "nio"),
                runningJdk().java().toString(),
                "-cp",
                System.getProperty("java.class.path"),
                SidecarProcess.class.getName());
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.output().lines())
                .filteredOn(line -> !line.isEmpty() && !line.startsWith("WARNING: "))
                .as("all but what newer JVMs say of native libraries")
                .containsExactly(
                        "sidecar: SIDESTEP_INTERCEPT: all: the transport nio cannot tell where a connection was"
                                + " going (expected: epoll, that is Linux on x86_64 or aarch64, and SIDESTEP_TRANSPORT unset)");
    }

    @Test
    void copiesMuchBothWays() throws Exception {
        RedirectedSidecar sidecar = services();
        RawServer echo = raw(connection -> {
            connection.in().transferTo(connection.socket().getOutputStream());
            connection.socket().shutdownOutput();
        });
        sidecar.serves("echo", Protocol.TCP, List.of(vip(10, 7)), List.of(at(echo)));
        RawClient client = call(vip(10, 7));
        String megabyte = "0123456789abcdef".repeat(1 << 16);
        var writer = new Thread(() -> {
            try {
                for (int i = 0; i < 20; i++) {
                    client.socket().getOutputStream().write(megabyte.getBytes(StandardCharsets.ISO_8859_1));
                }
                client.socket().shutdownOutput();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        writer.start();
        assertThat(client.readToEnd()).hasSize(20 << 20);
        writer.join();
    }
}
