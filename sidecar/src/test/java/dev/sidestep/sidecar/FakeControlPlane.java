package dev.sidestep.sidecar;

import dev.sidestep.balancing.Discovery;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import dev.sidestep.discovery.DiscoveryStatus;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Self;
import dev.sidestep.model.TrafficPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A control plane that knows what a test tells it. Its methods are for the test's thread. */
final class FakeControlPlane implements ControlPlane, Discovery {
    private final Map<String, Cluster> clusters = new HashMap<>();
    private final Set<String> asked = new HashSet<>();
    private boolean silent;
    private boolean connected = true;
    private Duration age = Duration.ZERO;
    private List<String> ranges = List.of();
    private @Nullable LoadBalancer balancer;
    private @Nullable SerialExecutor owner;

    /** {@code service} of namespace default, port 80, is served by 127.0.0.1 at these ports. */
    FakeControlPlane serves(String service, int... ports) {
        return serves(service, TrafficPolicy.DEFAULT, List.of(), ports);
    }

    FakeControlPlane serves(String service, TrafficPolicy policy, List<String> addresses, int... ports) {
        List<Endpoint> endpoints = IntStream.of(ports)
                .mapToObj(port -> Endpoint.ready("127.0.0.1", port))
                .toList();
        return serves(new Cluster(
                new ClusterName(service, "default", 80), addresses, addresses.isEmpty(), policy, endpoints));
    }

    FakeControlPlane serves(Cluster cluster) {
        run(() -> {
            clusters.put(cluster.name().value(), cluster);
            List<String> names = new ArrayList<>(cluster.addresses());
            names.add(cluster.name().value());
            names.stream().filter(asked::contains).forEach(this::answer);
        });
        return this;
    }

    /** VIPs come from these CIDR blocks. Before it is opened. */
    FakeControlPlane ranges(List<String> blocks) {
        ranges = blocks;
        return this;
    }

    /** Answers nothing from now on. */
    FakeControlPlane falls(boolean intoSilence) {
        run(() -> silent = intoSilence);
        return this;
    }

    /** It is never connected; what it serves is what was kept on disk for so long. Before it is opened. */
    FakeControlPlane onlyRemembered(Duration howLong) {
        age = howLong;
        return this;
    }

    FakeControlPlane disconnected() {
        connected = false;
        return this;
    }

    private void run(Runnable task) {
        SerialExecutor to = owner;
        if (to == null) {
            task.run();
        } else {
            CompletableFuture.runAsync(task, to).join(); // What a test has said holds for its next call.
        }
    }

    @Override
    public Discovery open(LoadBalancer opened, SerialExecutor itsOwner) {
        balancer = opened;
        owner = itsOwner;
        if (connected) {
            itsOwner.execute(() -> {
                Self usual = Self.inNamespace("default");
                opened.onSelf(new Self(
                        usual.namespace(),
                        usual.node(),
                        usual.zone(),
                        usual.region(),
                        usual.clusterDomain(),
                        ranges,
                        List.of(),
                        usual.mode()));
                if (age.isZero()) {
                    opened.onConnected();
                }
            });
        }
        return this;
    }

    @Override
    public void subscribe(String name) {
        asked.add(name);
        if (connected && !silent && owner != null) {
            owner.execute(() -> answer(name));
        }
    }

    private void answer(String name) {
        Cluster cluster = clusters.values().stream()
                .filter(each ->
                        each.name().value().equals(name) || each.addresses().contains(name))
                .findFirst()
                .orElse(null);
        if (balancer != null) {
            if (cluster == null) {
                balancer.onAbsent(name);
            } else {
                balancer.onCluster(name, cluster, age);
            }
        }
    }

    @Override
    public void unsubscribe(String name) {
        asked.remove(name);
    }

    @Override
    public Cancellable askDrained(Duration cap, PodEnd.Listener listener) {
        SerialExecutor itsOwner = Objects.requireNonNull(owner);
        itsOwner.execute(() -> {
            listener.onBegun();
            listener.onOver("all clients know");
        });
        return () -> {};
    }

    @Override
    public CompletableFuture<Optional<DiscoveryStatus>> status() {
        return CompletableFuture.completedFuture(Optional.empty());
    }

    /** Of what it knows. */
    @Override
    public CompletableFuture<Set<String>> tellBypassed(List<String> vips, List<String> others) {
        var endpoints = new HashSet<String>();
        clusters.values().stream()
                .filter(cluster -> !cluster.addresses().isEmpty())
                .flatMap(cluster -> cluster.endpoints().stream())
                .map(Endpoint::hostPort)
                .filter(others::contains)
                .forEach(endpoints::add);
        return CompletableFuture.completedFuture(endpoints);
    }

    @Override
    public void close() {}

    @Override
    public String toString() {
        return "asked " + Arrays.toString(asked.toArray());
    }
}
