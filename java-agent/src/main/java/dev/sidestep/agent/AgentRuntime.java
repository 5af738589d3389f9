package dev.sidestep.agent;

import dev.sidestep.agent.boot.Bridge;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.discovery.ControlPlaneTrust;
import dev.sidestep.discovery.DiscoveryClient;
import dev.sidestep.discovery.Identity;
import dev.sidestep.discovery.LoadReporter;
import dev.sidestep.discovery.SnapshotStore;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import io.grpc.ManagedChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;

/** The engine of this JVM and its connection to the control plane; lives as long as the JVM does. */
final class AgentRuntime {
    private static final Duration STALE_AFTER = Duration.ofSeconds(60);
    private static final Duration IDLE_AFTER = Duration.ofMinutes(30);
    private static final int MAX_UNKNOWN = 1000;
    private static final String CA_FILE = "ca.crt";

    private final LoadBalancer balancer;
    private final DiscoveryClient discovery;

    private AgentRuntime(LoadBalancer balancer, DiscoveryClient discovery) {
        this.balancer = balancer;
        this.discovery = discovery;
    }

    /** Makes and starts it all, and hands the balancer to woven code. Loads a few hundred classes, so not before main. */
    static AgentRuntime start(AgentConfig config, String version) {
        ThreadSerialExecutor owner = new ThreadSerialExecutor("sidestep-engine");
        Self self = new Self(
                config.namespace(),
                config.nodeName(),
                config.zone(),
                "",
                config.clusterDomain(),
                List.of(),
                List.of(),
                Mode.BALANCE);
        LoadBalancer balancer = new LoadBalancer(
                owner, new LoadBalancer.Settings(self, config.mode(), STALE_AFTER, IDLE_AFTER, MAX_UNKNOWN));
        String pod = config.podName();
        Identity identity = new Identity(
                pod.isEmpty() ? "agent-" + ProcessHandle.current().pid() : pod,
                config.namespace(),
                config.nodeName(),
                pod,
                "sidestep-agent",
                version);
        Executor io = Executors.newSingleThreadExecutor(task -> daemon(task, "sidestep-io"));
        Optional<ControlPlaneTrust> trust = config.caFile()
                .map(file ->
                        new ControlPlaneTrust(file, config.snapshotDir().map(folder -> folder.resolve(CA_FILE)), io));
        ManagedChannel channel = ControlPlaneChannel.open(config, trust, io);
        DiscoveryClient discovery = new DiscoveryClient(
                identity,
                channel,
                owner,
                balancer,
                new SplittableRandom()::nextDouble,
                snapshotStore(config, identity, io));
        trust.ifPresent(it -> discovery.listenForCaBundles(it::learn));
        balancer.start(discovery);
        discovery.start();
        new LoadReporter(identity, channel, owner, balancer.loads(), new SplittableRandom()::nextDouble).start();
        Engine engine = new Engine(balancer, owner);
        balancer.onHung(engine::moveFrom);
        Bridge.install(engine);
        return new AgentRuntime(balancer, discovery);
    }

    private static Optional<SnapshotStore> snapshotStore(AgentConfig config, Identity identity, Executor io) {
        return config.snapshotDir().map(folder -> {
            // Per pod, and not per process: it is for the process that comes after this one.
            String name = identity.pod().isEmpty() ? "agent" : "agent-" + identity.pod();
            Path file = folder.resolve(name + ".snapshot");
            return new SnapshotStore(file, InstantSource.system(), io);
        });
    }

    static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    ManagementBean bean() {
        return new ManagementBean(balancer, discovery);
    }
}
