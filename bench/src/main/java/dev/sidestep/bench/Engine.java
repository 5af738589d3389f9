package dev.sidestep.bench;

import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.Discovery;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.TrafficPolicy;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A load balancer that knows one healthy cluster, as a data plane meets it; shared by all threads. */
@SuppressWarnings("NullAway.Init") // JMH calls the set-up before anything else.
@State(Scope.Benchmark)
public class Engine {
    @Param({"3", "100", "5000"})
    public int endpoints;

    LoadBalancer balancer;
    Destination destination;
    private VirtualTimeExecutor owner;
    private Cluster cluster;
    private Cluster withoutTheLast;

    /** Tells the load balancer of its cluster; under virtual time, so that nothing runs beside what is measured. */
    @Setup
    public void start() {
        owner = new VirtualTimeExecutor();
        balancer = new LoadBalancer(owner, LoadBalancer.Settings.inNamespace("default"));
        balancer.start(new Silent());
        owner.run(balancer::onConnected);
        destination = balancer.lookup("backend-service", 8080);
        owner.advance(Duration.ZERO);
        withoutTheLast = cluster(endpoints - 1);
        cluster = cluster(endpoints);
        tell(cluster);
    }

    /** One endpoint goes and comes again, by turns. */
    PickResult update() {
        Cluster next = withoutTheLast;
        withoutTheLast = cluster;
        cluster = next;
        tell(next);
        return destination.pick();
    }

    private void tell(Cluster told) {
        owner.run(() -> balancer.onCluster(told.name().value(), told, Duration.ZERO));
        owner.advance(Duration.ZERO);
    }

    private static Cluster cluster(int size) {
        var name = new ClusterName("backend-service", "default", 8080);
        List<Endpoint> ready = IntStream.range(0, size)
                .mapToObj(i -> Endpoint.ready("10.1." + i / 250 + "." + i % 250, 8080))
                .toList();
        return new Cluster(name, List.of("10.96.0.10:8080"), false, TrafficPolicy.DEFAULT, ready);
    }

    private static final class Silent implements Discovery {
        @Override
        public void subscribe(String name) {}

        @Override
        public void unsubscribe(String name) {}
    }
}
