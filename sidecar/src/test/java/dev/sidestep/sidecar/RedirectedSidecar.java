package dev.sidestep.sidecar;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Protocol;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.naming.AddressLiteral;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.Jdk;
import dev.sidestep.testkit.Pod;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A sidecar in a {@link Pod}, as a process of its own: configured by the environment as in a container, told of Services
 * by the test, over its standard input. It runs as gid 16001, whose connections the redirect leaves alone.
 */
final class RedirectedSidecar implements AutoCloseable {
    private final ChildProcess process;

    private RedirectedSidecar(ChildProcess process) {
        this.process = process;
    }

    /** Starts one, and returns when its port is open. */
    static RedirectedSidecar start(Pod pod, Jdk jdk, Map<String, String> environment) {
        Map<String, String> all = new HashMap<>(Map.of("SIDESTEP_INTERCEPT", "services"));
        all.putAll(environment);
        ChildProcess process = pod.start(
                "sidecar",
                all,
                List.of(
                        "setpriv",
                        "--regid=16001",
                        "--clear-groups",
                        jdk.java().toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        RedirectedSidecar.class.getName(),
                        String.join(",", pod.serviceRange(), pod.serviceRange6())));
        var sidecar = new RedirectedSidecar(process);
        process.awaitLine("proxy on", Duration.ofSeconds(30));
        return sidecar;
    }

    ChildProcess process() {
        return process;
    }

    /** {@code service} has these VIPs, and these endpoints. */
    RedirectedSidecar serves(
            String service, Protocol protocol, List<InetSocketAddress> vips, List<InetSocketAddress> endpoints) {
        String line = Stream.of(
                        "serves",
                        service,
                        protocol.name(),
                        Integer.toString(vips.get(0).getPort()),
                        words(vips),
                        words(endpoints))
                .collect(Collectors.joining(" "));
        int before = served();
        process.send(line);
        dev.sidestep.testkit.Await.until(service + " is told", Duration.ofSeconds(5), () -> served() > before);
        return this;
    }

    private int served() {
        return (int) process.output().stream()
                .filter(line -> line.startsWith("told "))
                .count();
    }

    /** Its control plane answers nothing more. */
    RedirectedSidecar silent() {
        process.send("silent");
        process.awaitLine("told silent", Duration.ofSeconds(5));
        return this;
    }

    private static String words(List<InetSocketAddress> addresses) {
        return addresses.stream()
                .map(address -> AddressLiteral.hostPort(address.getAddress(), address.getPort()))
                .collect(Collectors.joining(","));
    }

    @Override
    public void close() {
        process.close();
    }

    /** The process itself. Its argument: the service ranges. */
    public static void main(String[] args) throws IOException {
        var control = new FakeControlPlane().ranges(List.of(args[0].split(",", -1)));
        SidecarConfig config = SidecarConfig.fromEnvironment(System.getenv());
        Sidecar sidecar;
        try {
            sidecar = Sidecar.start(config, made -> control);
        } catch (RuntimeException e) {
            System.err.println("sidecar: " + e.getMessage());
            System.exit(1);
            return;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            System.out.println("draining");
            sidecar.drain();
            sidecar.close();
        }));
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", -1);
            if (words[0].equals("silent")) {
                control.falls(true);
            } else {
                control.serves(cluster(words));
            }
            System.out.println("told " + (words.length > 1 ? words[1] : words[0]));
        }
    }

    private static Cluster cluster(String[] words) {
        TrafficPolicy usual = TrafficPolicy.DEFAULT;
        var policy = new TrafficPolicy(
                usual.mode(),
                Protocol.valueOf(words[2]),
                usual.balancer(),
                usual.ejection(),
                usual.retry(),
                usual.connectTimeout(),
                usual.requestTimeout(),
                usual.backendRequestTimeout(),
                usual.localOnly(),
                usual.affinityTimeout());
        List<Endpoint> endpoints = Arrays.stream(words[5].split(",", -1))
                .map(text -> {
                    int colon = text.lastIndexOf(':');
                    String address = text.substring(0, colon).replaceAll("[\\[\\]]", "");
                    return Endpoint.ready(address, Integer.parseInt(text.substring(colon + 1)));
                })
                .toList();
        return new Cluster(
                new ClusterName(words[1], "default", Integer.parseInt(words[3])),
                List.of(words[4].split(",", -1)),
                false,
                policy,
                endpoints);
    }
}
