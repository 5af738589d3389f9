package dev.sidestep.control;

import static dev.sidestep.control.Listening.listen;
import static dev.sidestep.control.Listening.text;

import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.ControlPlaneConfig.Kubernetes;
import dev.sidestep.control.ads.XdsLimits;
import dev.sidestep.control.ads.XdsListener;
import dev.sidestep.control.auth.Access;
import dev.sidestep.control.auth.Caller;
import dev.sidestep.control.auth.Refusals;
import dev.sidestep.control.bypass.BypassEvents;
import dev.sidestep.control.bypass.BypassServer;
import dev.sidestep.control.drain.DrainHandler;
import dev.sidestep.control.drain.DrainPage;
import dev.sidestep.control.drain.Peers;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Problems;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.control.injector.InjectorServer;
import dev.sidestep.control.injector.Webhook;
import dev.sidestep.control.settings.Settings;
import dev.sidestep.model.ClusterName;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.ServerServiceDefinition;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What there is in a cluster only: callers with tokens, TLS, other replicas, and pods that are injected, and end. Without a
 * cluster, or without the flag that asks for it, each is empty. Used by the thread that starts the control plane.
 */
final class ClusterServers {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterServers.class);

    /** Of our Service and our service account. */
    private static final String OWN_NAME = "control-plane";

    private final ControlPlaneConfig config;
    private final Optional<KubernetesClient> client;
    private final ThreadSerialExecutor owner;
    private final Closing closing;
    private final Optional<Access> access;

    private ClusterServers(
            ControlPlaneConfig config,
            Optional<KubernetesClient> client,
            ThreadSerialExecutor owner,
            Closing closing,
            Optional<Access> access) {
        this.config = config;
        this.client = client;
        this.owner = owner;
        this.closing = closing;
        this.access = access;
    }

    /** Begins with who may ask: whoever speaks TLS needs a certificate; where there is no API server, nobody does. */
    static ClusterServers start(
            ControlPlaneConfig config,
            Optional<KubernetesClient> client,
            ThreadSerialExecutor owner,
            Refusals refusals,
            MeterRegistry registry,
            Problems problems,
            Closing closing) {
        if (client.isEmpty() || (config.xdsTls().isEmpty() && config.injector().isEmpty())) {
            return new ClusterServers(config, client, owner, closing, Optional.empty());
        }
        ControlPlaneConfig.Replica replica = config.replica();
        Settings settings = config.settings();
        var plan = Access.Plan.of(
                replica.namespace(),
                settings.clusterDomain(),
                replica.address(),
                settings.tls(),
                config.injector().map(address -> replica.webhook()));
        Access access = closing.first(Access.start(
                client.get(),
                owner,
                plan,
                refusals,
                registry,
                (origin, found) -> owner.execute(() -> problems.replace(origin, found))));
        return new ClusterServers(config, client, owner, closing, Optional.of(access));
    }

    Optional<Access> access() {
        return access;
    }

    /** Where there is one of them only, as outside a cluster, there is nobody to ask. */
    Optional<Peers> startPeers(ClusterIndex index) {
        ControlPlaneConfig.Replica self = config.replica();
        if (access.isEmpty() || self.pod().isEmpty() || config.xdsTls().isEmpty()) {
            return Optional.empty();
        }
        Set<String> namespaces = ((Kubernetes) config.source()).namespaces();
        if (!namespaces.isEmpty() && !namespaces.contains(self.namespace())) {
            LOG.warn(
                    "--namespaces is without {}: other replicas are not seen there, and pods end without their word;"
                            + " add it",
                    self.namespace());
        }
        var service = new ClusterName(OWN_NAME, self.namespace(), ControlPlaneConfig.XDS_TLS_PORT);
        var us = new Peers.Us(service, self.pod());
        return Optional.of(
                closing.first(Peers.create(owner, index, us, access.get().identity(), self.token())));
    }

    /** Those that run as this one does; what they have seen is as good as our own. */
    Predicate<Caller> replicas() {
        ControlPlaneConfig.Replica self = config.replica();
        return caller -> caller.namespace().equals(self.namespace())
                && caller.serviceAccount().equals(OWN_NAME)
                && !caller.pod().isEmpty();
    }

    /** Sidecars tell it what passes them by; where there is a cluster, the pod's owner hears of it by an Event. */
    BypassServer bypasses(ClusterIndex index, WorkloadIndex workloads) {
        if (client.isEmpty()) {
            return BypassServer.withoutEvents(owner, index, workloads);
        }
        var writer = closing.first(new ThreadSerialExecutor("bypass-events"));
        var events = new BypassEvents(owner, client.get(), writer, InstantSource.system());
        return BypassServer.withEvents(owner, index, workloads, events);
    }

    /** The same services for whoever has a token. */
    Optional<XdsListener> listenTls(List<ServerServiceDefinition> services, XdsLimits limits) throws IOException {
        if (config.xdsTls().isEmpty() || access.isEmpty()) {
            return Optional.empty();
        }
        var security =
                new XdsListener.Security(access.get().identity(), access.get().interceptor());
        return Optional.of(closing.first(listen(
                "--xds-tls",
                config.xdsTls().get(),
                address -> XdsListener.start(address, services, limits, Optional.of(security)))));
    }

    /** Only a cluster has pods that are made, and that end. */
    Optional<InjectorServer> startInjector(
            WorkloadIndex workloads, DrainPage drained, BooleanSupplier synced, MeterRegistry registry)
            throws IOException {
        if (config.injector().isEmpty() || client.isEmpty() || access.isEmpty()) {
            return Optional.empty();
        }
        var parts = new InjectorServer.Parts(
                client.get(),
                owner,
                workloads,
                access.get().identity(),
                config.settings(),
                config.replica().namespace(),
                synced,
                registry);
        var answers = closing.first(new ThreadSerialExecutor("drained"));
        InetSocketAddress wanted = config.injector().get();
        InjectorServer started = closing.first(listen(
                "--injector",
                wanted,
                address -> InjectorServer.start(
                        address, parts, Map.of(DrainHandler.PATH, new DrainHandler(drained, answers)))));
        LOG.info("pods are injected by https://{}{}", text(started.address()), Webhook.PATH);
        return Optional.of(started);
    }
}
