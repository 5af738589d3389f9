package dev.sidestep.xds;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Protocol;
import dev.sidestep.model.Self;
import dev.sidestep.model.TrafficPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/** Any cluster and self that the model allows, out of a seed. */
public final class RandomModel {
    private final Random random;

    public RandomModel(long seed) {
        random = new Random(seed);
    }

    public Cluster cluster() {
        var name = new ClusterName("s" + random.nextInt(1000), "ns-" + random.nextInt(10), 1 + random.nextInt(65535));
        List<String> addresses = some(3, () -> hostPort(address(), 1 + random.nextInt(65535)));
        TreeMap<String, Endpoint> endpoints = new TreeMap<>();
        int count = random.nextInt(4) == 0 ? 0 : random.nextInt(40);
        for (int i = 0; i < count; i++) {
            Endpoint endpoint = endpoint();
            endpoints.put(endpoint.hostPort(), endpoint);
        }
        return new Cluster(name, addresses, random.nextBoolean(), policy(), List.copyOf(endpoints.values()));
    }

    public Self self() {
        return new Self(
                "ns-" + random.nextInt(10),
                word(),
                word(),
                word(),
                "cluster.local",
                some(3, () -> address() + "/" + random.nextInt(33)),
                some(3, this::address),
                one(Mode.values()));
    }

    private Endpoint endpoint() {
        return new Endpoint(
                address(),
                random.nextInt(3) > 0 ? 8080 : 1 + random.nextInt(65535),
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextBoolean() ? "" : word(),
                random.nextBoolean() ? "" : "app-5d9c7-" + word(),
                random.nextBoolean() ? "" : "node-" + random.nextInt(3),
                random.nextBoolean() ? "" : "zone-" + random.nextInt(3),
                some(2, () -> "zone-" + random.nextInt(3)),
                some(2, () -> "node-" + random.nextInt(3)),
                random.nextInt(3) > 0 ? 1 : 1 + random.nextInt(Integer.MAX_VALUE));
    }

    private TrafficPolicy policy() {
        Set<TrafficPolicy.Retry.On> on = EnumSet.noneOf(TrafficPolicy.Retry.On.class);
        on.addAll(some(3, () -> one(TrafficPolicy.Retry.On.values())));
        return new TrafficPolicy(
                one(Mode.values()),
                one(Protocol.values()),
                one(TrafficPolicy.Balancer.values()),
                random.nextBoolean()
                        ? Optional.empty()
                        : Optional.of(new TrafficPolicy.Ejection(
                                1 + random.nextInt(100), duration(), duration(), random.nextInt(101))),
                new TrafficPolicy.Retry(on, random.nextInt(5), random.nextInt(101)),
                duration(),
                random.nextBoolean() ? Optional.empty() : Optional.of(duration()),
                random.nextBoolean() ? Optional.empty() : Optional.of(duration()),
                random.nextBoolean(),
                random.nextBoolean() ? Optional.empty() : Optional.of(duration()));
    }

    private Duration duration() {
        return Duration.ofMillis(1 + random.nextInt(100_000_000));
    }

    private String address() {
        byte[] bytes = new byte[random.nextInt(4) == 0 ? 16 : 4];
        random.nextBytes(bytes);
        return IpLiteral.text(bytes);
    }

    private static String hostPort(String address, int port) {
        return address.indexOf(':') < 0 ? address + ":" + port : "[" + address + "]:" + port;
    }

    private String word() {
        return Integer.toString(random.nextInt(Integer.MAX_VALUE), 36);
    }

    private <T> T one(T[] of) {
        return of[random.nextInt(of.length)];
    }

    private <T> List<T> some(int atMost, java.util.function.Supplier<T> maker) {
        List<T> made = new ArrayList<>();
        int count = random.nextInt(atMost + 1);
        for (int i = 0; i < count; i++) {
            made.add(maker.get());
        }
        return made;
    }
}
