package dev.sidestep.balancing;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import dev.sidestep.model.TrafficPolicy;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** A load balancer under virtual time, with the control plane's side in the hands of the test. */
final class Mesh {
    static final ClusterName BACKEND = new ClusterName("backend", "default", 80);
    static final String VIP = "10.96.0.10:80";

    final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    final FakeDiscovery discovery = new FakeDiscovery();
    final LoadBalancer balancer;

    Mesh() {
        this(7);
    }

    Mesh(long seed) {
        this(LoadBalancer.Settings.inNamespace("default"), seed);
    }

    Mesh(LoadBalancer.Settings settings, long seed) {
        balancer = new LoadBalancer(owner, settings, random(seed));
        balancer.start(discovery);
        settle();
    }

    static RandomGenerator random(long seed) {
        return RandomGeneratorFactory.of("SplittableRandom").create(seed);
    }

    /** Runs all that is due. */
    void settle() {
        owner.advance(Duration.ZERO);
    }

    void connect() {
        owner.run(balancer::onConnected);
        settle();
    }

    void disconnect() {
        owner.run(balancer::onDisconnected);
        settle();
    }

    void tell(Self self) {
        owner.run(() -> balancer.onSelf(self));
        settle();
    }

    void tell(String asked, Cluster cluster) {
        tell(asked, cluster, Duration.ZERO);
    }

    void tell(String asked, Cluster cluster, Duration age) {
        owner.run(() -> balancer.onCluster(asked, cluster, age));
        settle();
    }

    void tell(Cluster cluster) {
        tell(cluster.name().value(), cluster);
    }

    void tellAbsent(String asked) {
        owner.run(() -> balancer.onAbsent(asked));
        settle();
    }

    Destination lookup(String host, int port) {
        Destination destination = balancer.lookup(host, port);
        destination.pick();
        settle();
        return destination;
    }

    /** {@code backend} with these endpoints, connected and told. */
    Destination backend(Endpoint... endpoints) {
        connect();
        Destination destination = lookup("backend", 80);
        tell(cluster(endpoints));
        return destination;
    }

    static Cluster cluster(Endpoint... endpoints) {
        return cluster(TrafficPolicy.DEFAULT, endpoints);
    }

    static Cluster cluster(TrafficPolicy policy, Endpoint... endpoints) {
        return new Cluster(BACKEND, List.of(VIP), false, policy, Arrays.asList(endpoints));
    }

    static Cluster headless(Endpoint... endpoints) {
        return new Cluster(BACKEND, List.of(), true, TrafficPolicy.DEFAULT, Arrays.asList(endpoints));
    }

    static Endpoint[] ready(int count) {
        var endpoints = new Endpoint[count];
        for (int i = 0; i < count; i++) {
            endpoints[i] = Endpoint.ready("10.0." + i / 250 + "." + (i % 250 + 1), 8080);
        }
        return endpoints;
    }

    static TrafficPolicy inMode(Mode mode) {
        TrafficPolicy it = TrafficPolicy.DEFAULT;
        return new TrafficPolicy(
                mode,
                it.protocol(),
                it.balancer(),
                it.ejection(),
                it.retry(),
                it.connectTimeout(),
                it.requestTimeout(),
                it.backendRequestTimeout(),
                it.localOnly(),
                it.affinityTimeout());
    }

    /** A policy that differs in a connect timeout of so many milliseconds alone. */
    static TrafficPolicy withConnectTimeout(int millis) {
        TrafficPolicy it = TrafficPolicy.DEFAULT;
        return new TrafficPolicy(
                it.mode(),
                it.protocol(),
                it.balancer(),
                it.ejection(),
                it.retry(),
                Duration.ofMillis(millis),
                it.requestTimeout(),
                it.backendRequestTimeout(),
                it.localOnly(),
                it.affinityTimeout());
    }

    static TrafficPolicy withEjection(Optional<TrafficPolicy.Ejection> ejection) {
        return with(ejection, TrafficPolicy.Retry.DEFAULT);
    }

    static TrafficPolicy withRetry(TrafficPolicy.Retry retry) {
        return with(TrafficPolicy.DEFAULT.ejection(), retry);
    }

    static TrafficPolicy with(Optional<TrafficPolicy.Ejection> ejection, TrafficPolicy.Retry retry) {
        TrafficPolicy it = TrafficPolicy.DEFAULT;
        return new TrafficPolicy(
                it.mode(),
                it.protocol(),
                it.balancer(),
                ejection,
                retry,
                it.connectTimeout(),
                it.requestTimeout(),
                it.backendRequestTimeout(),
                it.localOnly(),
                it.affinityTimeout());
    }

    /** How often each of {@code picks} picks took each endpoint. */
    static Map<String, Integer> share(Destination destination, int picks) {
        Map<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < picks; i++) {
            counts.merge(destination.pick().toString(), 1, Integer::sum);
        }
        return counts;
    }
}
