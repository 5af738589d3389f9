package dev.sidestep.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A network namespace like a pod's: one interface with an IPv4 and an IPv6 address, whose other end, the host, is in the
 * test's own namespace, where its servers listen. What a Service's addresses lead to without us can be put on the host
 * too. Needs root, {@code ip} and {@code iptables}: see {@link #create}. Used by one test thread.
 */
public final class Pod implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int TRIES = 50;

    private final int number;
    private final Path folder;
    private final List<AutoCloseable> open = new ArrayList<>();
    private @Nullable Path door;

    private Pod(int number, Path folder) {
        this.number = number;
        this.folder = folder;
    }

    /** A command's end: its exit code, and what it printed on both streams. */
    public record Ended(int code, String output) {}

    /** Makes one; leaves the test out where the machine does not let it. */
    public static Pod create() {
        Requirements.that("root".equals(System.getProperty("user.name")), "needs root, for network namespaces");
        Requirements.program("ip");
        Requirements.program("iptables");
        Requirements.program("ip6tables");
        Requirements.program("setpriv");
        try {
            Path folder = Files.createTempDirectory("sidestep-pod");
            for (int i = 0; i < TRIES; i++) {
                var pod = new Pod(ThreadLocalRandom.current().nextInt(1, 250), folder);
                if (run(List.of("ip", "netns", "add", pod.name()), Map.of()).code() != 0) {
                    continue;
                }
                if (pod.link().code() == 0) {
                    pod.connect();
                    return pod;
                }
                // The kernel takes its time to let go of the link of a pod that had the number before.
                ip("netns", "delete", pod.name());
            }
            throw new AssertionError("no network namespace can be made: "
                    + run(List.of("ip", "netns", "add", "sidestep-test"), Map.of())
                            .output());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String host() {
        return "sst" + number + "h";
    }

    private Ended link() {
        return run(
                List.of("ip", "link", "add", host(), "type", "veth", "peer", "name", "eth0", "netns", name()),
                Map.of());
    }

    private void connect() {
        String host = host();
        ip("addr", "add", hostAddress().getHostAddress() + "/24", "dev", host);
        ip("addr", "add", hostAddress6().getHostAddress() + "/64", "dev", host, "nodad");
        ip("link", "set", host, "up");
        inside("ip", "addr", "add", address().getHostAddress() + "/24", "dev", "eth0");
        inside("ip", "addr", "add", address6().getHostAddress() + "/64", "dev", "eth0", "nodad");
        inside("ip", "link", "set", "eth0", "up");
        inside("ip", "link", "set", "lo", "up");
        inside("ip", "route", "add", "default", "via", hostAddress().getHostAddress());
        inside("ip", "-6", "route", "add", "default", "via", hostAddress6().getHostAddress());
    }

    private String name() {
        return "sidestep-" + number;
    }

    /** The pod's own address. */
    public InetAddress address() {
        return literal("10.202." + number + ".2");
    }

    public InetAddress address6() {
        return literal("fd00:202:" + number + "::2");
    }

    /** Where the test's servers are. */
    public InetAddress hostAddress() {
        return literal("10.202." + number + ".1");
    }

    public InetAddress hostAddress6() {
        return literal("fd00:202:" + number + "::1");
    }

    /** The block that its Services' addresses are from. */
    public String serviceRange() {
        return "10.203." + number + ".0/24";
    }

    public String serviceRange6() {
        return "fd00:203:" + number + "::/112";
    }

    /** One address of {@link #serviceRange}, 1 to 254; nobody answers there unless {@link #addToHost} says so. */
    public InetAddress vip(int last) {
        return literal("10.203." + number + "." + last);
    }

    public InetAddress vip6(int last) {
        return literal("fd00:203:" + number + "::" + last);
    }

    /** The host answers for {@code address} too, as kube-proxy's rules would. */
    public void addToHost(InetAddress address) {
        boolean ipv4 = address.getAddress().length == 4;
        String block = address.getHostAddress() + (ipv4 ? "/32" : "/128");
        List<String> words = new ArrayList<>(List.of("addr", "add", block, "dev", host()));
        if (!ipv4) {
            words.add("nodad");
        }
        ip(words.toArray(String[]::new));
    }

    /**
     * The host refuses connections from the pod to {@code vip} as kube-proxy does for a Service without endpoints: with
     * an ICMP message that the port is unreachable, not with a reset.
     */
    public void rejectOnHost(InetAddress vip) {
        addToHost(vip);
        List<String> rule = List.of("INPUT", "-i", host(), "-d", vip.getHostAddress(), "-j", "REJECT");
        iptables("-I", rule);
        open.add(() -> iptables("-D", rule));
    }

    private static void iptables(String what, List<String> rule) {
        List<String> command = new ArrayList<>(List.of("iptables", "-w", what));
        command.addAll(rule);
        mustEndWell(run(command, Map.of()), command);
    }

    private static void ip(String... words) {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(words));
        mustEndWell(run(command, Map.of()), command);
    }

    /** Runs a command in the pod that must succeed, and gives its output. */
    public String inside(String... words) {
        List<String> command = command(words);
        Ended ended = run(command, Map.of());
        mustEndWell(ended, command);
        return ended.output();
    }

    /** Runs a command in the pod, with {@code environment} besides this process's. */
    public Ended run(Map<String, String> environment, String... words) {
        return run(command(words), environment);
    }

    /** Starts a program in the pod; it is ended with it. */
    public ChildProcess start(String what, Map<String, String> environment, List<String> words) {
        ChildProcess started =
                ChildProcess.start(what, command(words.toArray(String[]::new)), environment, Path.of(""));
        open.add(started);
        return started;
    }

    private List<String> command(String... words) {
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", name()));
        command.addAll(List.of(words));
        return command;
    }

    private static void mustEndWell(Ended ended, List<String> command) {
        if (ended.code() != 0) {
            throw new AssertionError(command + " ended with " + ended.code() + ": " + ended.output());
        }
    }

    private static Ended run(List<String> command, Map<String, String> environment) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().putAll(environment);
            Process process = builder.start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Ended(process.waitFor(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /**
     * Opens a connection from inside of the pod, as a program of uid and gid 0.
     *
     * @throws IOException if the connection is refused
     */
    public SocketChannel connect(InetSocketAddress to) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(door()));
        channel.write(ByteBuffer.wrap(
                (to.getAddress().getHostAddress() + " " + to.getPort() + "\n").getBytes(StandardCharsets.UTF_8)));
        ByteBuffer answer = ByteBuffer.allocate(1);
        if (channel.read(answer) == 1 && answer.get(0) == '+') {
            return channel;
        }
        String why = new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        channel.close();
        throw new IOException(why.strip());
    }

    /**
     * An address of the test's own namespace that leads, through the pod, to {@code to}; a connection that is refused
     * there ends at once.
     */
    public InetSocketAddress through(InetSocketAddress to) throws IOException {
        door();
        ServerSocket listener = new ServerSocket(0, 128, InetAddress.getLoopbackAddress());
        open.add(listener);
        background(() -> {
            while (true) {
                Socket near = listener.accept();
                background(() -> {
                    try (near;
                            SocketChannel far = connect(to)) {
                        near.setTcpNoDelay(true);
                        Thread back = background(() -> {
                            try {
                                copy(far, near.getOutputStream());
                                near.shutdownOutput();
                            } catch (IOException reset) {
                                near.close();
                            }
                        });
                        copy(near.getInputStream(), far);
                        far.shutdownOutput();
                        join(back);
                    }
                });
            }
        });
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    /** Not by the streams of {@link Channels}: to read from one keeps the other from writing. */
    private static void copy(SocketChannel from, OutputStream to) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
        while (from.read(buffer) >= 0) {
            to.write(buffer.array(), 0, buffer.position());
            buffer.clear();
        }
    }

    private static void copy(InputStream from, SocketChannel to) throws IOException {
        var buffer = new byte[64 << 10];
        for (int read = from.read(buffer); read >= 0; read = from.read(buffer)) {
            ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, read);
            while (bytes.hasRemaining()) {
                to.write(bytes);
            }
        }
    }

    /** The port of the pod's own HTTP server, which answers {@code self} to everything. */
    public int httpPort() {
        door();
        return 8080;
    }

    private Path door() {
        if (door == null) {
            door = folder.resolve("door");
            String java =
                    Path.of(System.getProperty("java.home"), "bin", "java").toString();
            start(
                            "door",
                            Map.of(),
                            List.of(
                                    java,
                                    "-Xshare:auto",
                                    "-XX:TieredStopAtLevel=1",
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    PodDoor.class.getName(),
                                    door.toString(),
                                    "8080"))
                    .awaitLine("door open", LIMIT);
        }
        return door;
    }

    private interface Task {
        void run() throws IOException;
    }

    private static Thread background(Task task) {
        var thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException over) {
                // The test sees it on its own side.
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static InetAddress literal(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new AssertionError(text + " is an address", e);
        }
    }

    /** Ends what runs inside, and takes the namespace away, whose interface goes with it. */
    @Override
    public void close() {
        for (AutoCloseable each : open) {
            try {
                each.close();
            } catch (Exception e) {
                throw new AssertionError("a part of the pod does not close", e);
            }
        }
        run(List.of("ip", "netns", "del", name()), Map.of());
        try {
            Files.deleteIfExists(folder.resolve("door"));
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
