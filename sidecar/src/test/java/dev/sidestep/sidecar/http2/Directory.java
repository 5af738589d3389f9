package dev.sidestep.sidecar.http2;

import dev.sidestep.balancing.Discovery;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.TrafficPolicy;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A control plane in a map: answers at once, and tells what changes. Confined to the balancer's owner, but for tests' calls. */
final class Directory implements Discovery {
    private final SerialExecutor owner;
    private final LoadBalancer balancer;
    private final Map<String, Cluster> clusters = new HashMap<>();
    private final Set<String> subscribed = new HashSet<>();
    private boolean silent;

    Directory(SerialExecutor owner, LoadBalancer balancer) {
        this.owner = owner;
        this.balancer = balancer;
    }

    void start() {
        balancer.start(this);
        owner.execute(balancer::onConnected);
    }

    /** Says that {@code service:80} in the default namespace has these endpoints. Any thread. */
    void put(String service, List<Endpoint> endpoints, TrafficPolicy policy) {
        var name = new ClusterName(service, "default", 80);
        var cluster = new Cluster(name, List.of(), true, policy, endpoints);
        owner.execute(() -> {
            clusters.put(name.value(), cluster);
            if (subscribed.contains(name.value())) {
                balancer.onCluster(name.value(), cluster, Duration.ZERO);
            }
        });
    }

    void put(String service, List<InetSocketAddress> addresses) {
        put(service, addresses.stream().map(Directory::ready).toList(), TrafficPolicy.DEFAULT);
    }

    /** Answers no new question from now on. Any thread. */
    void fallSilent() {
        owner.execute(() -> silent = true);
    }

    static Endpoint ready(InetSocketAddress address) {
        return Endpoint.ready(address.getAddress().getHostAddress(), address.getPort());
    }

    @Override
    public void subscribe(String name) {
        subscribed.add(name);
        owner.execute(() -> {
            Cluster cluster = clusters.get(name);
            if (silent) {
                return;
            }
            if (cluster == null) {
                balancer.onAbsent(name);
            } else {
                balancer.onCluster(name, cluster, Duration.ZERO);
            }
        });
    }

    @Override
    public void unsubscribe(String name) {
        subscribed.remove(name);
    }
}
