package dev.sidestep.sidecar;

import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Mode;
import dev.sidestep.sidecar.loop.Limits;
import dev.sidestep.sidecar.loop.Transport;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a sidecar is told at its start.
 *
 * @param controlPlane where it asks, {@code host:port}
 * @param mode the caller's mode, as far as this process is told; {@code SIDESTEP_ENABLED=false} is {@link Mode#OFF}
 * @param workload who this process is
 * @param proof how it and the control plane prove who they are
 * @param snapshotDir where it keeps what it learned; empty: nowhere
 * @param interception what of the applications' connections is redirected to it
 * @param proxy where applications reach it; port 0: any free one
 * @param admin where people ask it
 * @param metrics where machinery asks it
 * @param transport how bytes come and go
 * @param eventLoops how many threads move them, at least 1
 * @param limits what clients and endpoints may cost
 */
public record SidecarConfig(
        String controlPlane,
        Mode mode,
        Workload workload,
        Proof proof,
        Optional<Path> snapshotDir,
        Interception interception,
        InetSocketAddress proxy,
        InetSocketAddress admin,
        InetSocketAddress metrics,
        Transport transport,
        int eventLoops,
        Limits limits) {

    /** The control plane's own Service, and its TLS port. */
    public static final String DEFAULT_CONTROL_PLANE = "control-plane.sidestep-system.svc:16012";

    public SidecarConfig {
        if (eventLoops < 1) {
            throw new IllegalArgumentException("event loops: " + eventLoops + " (expected: >= 1)");
        }
        if (interception.isOn() && transport != Transport.EPOLL) {
            throw new IllegalArgumentException("SIDESTEP_INTERCEPT: "
                    + interception.scope().name().toLowerCase(Locale.ROOT)
                    + ": the transport " + transport.name().toLowerCase(Locale.ROOT)
                    + " cannot tell where a connection was going (expected: epoll, that is Linux on x86_64 or aarch64, and"
                    + " SIDESTEP_TRANSPORT unset)");
        }
        hostPort(controlPlane);
    }

    /**
     * Who a process is, before a control plane tells it more.
     *
     * @param namespace in which short names are resolved
     * @param pod its pod's name, or ""
     * @param node its node, or ""
     * @param zone its zone, or ""
     * @param clusterDomain the domain of the cluster's DNS
     */
    public record Workload(String namespace, String pod, String node, String zone, String clusterDomain) {}

    /**
     * How the two ends of the stream prove who they are.
     *
     * @param caFile the CAs of the control plane; empty: plaintext, and no token is shown
     * @param tokenFile the service account token that it is shown
     */
    public record Proof(Optional<Path> caFile, Optional<Path> tokenFile) {}

    /** What the variables {@code SIDESTEP_…} say; one with a wrong value is reported and has its default. */
    public static SidecarConfig fromEnvironment(Map<String, String> environment) {
        var variables = new Environment(environment);
        Interception interception = Interception.fromEnvironment(variables);
        return new SidecarConfig(
                variables.hostPort("SIDESTEP_CONTROL_PLANE", DEFAULT_CONTROL_PLANE),
                variables.flag("SIDESTEP_ENABLED", true) ? variables.choice("SIDESTEP_MODE", Mode.BALANCE) : Mode.OFF,
                new Workload(
                        variables.text("SIDESTEP_NAMESPACE", "default"),
                        variables.text("SIDESTEP_POD_NAME", ""),
                        variables.text("SIDESTEP_NODE_NAME", ""),
                        variables.text("SIDESTEP_ZONE", ""),
                        variables.text("SIDESTEP_CLUSTER_DOMAIN", ClusterName.WIRE_DOMAIN)),
                new Proof(variables.path("SIDESTEP_CA_FILE"), variables.path("SIDESTEP_TOKEN_FILE")),
                variables.path("SIDESTEP_SNAPSHOT_DIR"),
                interception,
                // The kernel redirects to 127.0.0.1 and to ::1; one listener for both, which serves nobody else.
                interception.isOn() ? new InetSocketAddress(16001) : loopback(16001),
                loopback(16000),
                new InetSocketAddress(16020),
                variables.choice("SIDESTEP_TRANSPORT", Transport.best()),
                Runtime.getRuntime().availableProcessors(),
                Limits.DEFAULT);
    }

    public SidecarConfig withControlPlane(String hostPort) {
        return new SidecarConfig(
                hostPort,
                mode,
                workload,
                proof,
                snapshotDir,
                interception,
                proxy,
                admin,
                metrics,
                transport,
                eventLoops,
                limits);
    }

    /** In {@code namespace}, all else as it was. */
    public SidecarConfig withNamespace(String namespace) {
        var there = new Workload(namespace, workload.pod(), workload.node(), workload.zone(), workload.clusterDomain());
        return new SidecarConfig(
                controlPlane,
                mode,
                there,
                proof,
                snapshotDir,
                interception,
                proxy,
                admin,
                metrics,
                transport,
                eventLoops,
                limits);
    }

    public SidecarConfig withInterception(Interception other) {
        return new SidecarConfig(
                controlPlane,
                mode,
                workload,
                proof,
                snapshotDir,
                other,
                proxy,
                admin,
                metrics,
                transport,
                eventLoops,
                limits);
    }

    public SidecarConfig withProof(Proof other) {
        return new SidecarConfig(
                controlPlane,
                mode,
                workload,
                other,
                snapshotDir,
                interception,
                proxy,
                admin,
                metrics,
                transport,
                eventLoops,
                limits);
    }

    public SidecarConfig withSnapshotDir(Path directory) {
        return new SidecarConfig(
                controlPlane,
                mode,
                workload,
                proof,
                Optional.of(directory),
                interception,
                proxy,
                admin,
                metrics,
                transport,
                eventLoops,
                limits);
    }

    public SidecarConfig withTransport(Transport other, int loops) {
        return new SidecarConfig(
                controlPlane,
                mode,
                workload,
                proof,
                snapshotDir,
                interception,
                proxy,
                admin,
                metrics,
                other,
                loops,
                limits);
    }

    public SidecarConfig withLimits(Limits others) {
        return new SidecarConfig(
                controlPlane,
                mode,
                workload,
                proof,
                snapshotDir,
                interception,
                proxy,
                admin,
                metrics,
                transport,
                eventLoops,
                others);
    }

    /** Listening there; port 0 is any free one. */
    public SidecarConfig withListeners(
            InetSocketAddress newProxy, InetSocketAddress newAdmin, InetSocketAddress newMetrics) {
        return new SidecarConfig(
                controlPlane,
                mode,
                workload,
                proof,
                snapshotDir,
                interception,
                newProxy,
                newAdmin,
                newMetrics,
                transport,
                eventLoops,
                limits);
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /**
     * The address that {@code text} says, not looked up.
     *
     * @throws IllegalArgumentException if it is not {@code host:port}
     */
    static InetSocketAddress hostPort(String text) {
        int colon = text.lastIndexOf(':');
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (colon > 0 && port > 0) {
                return InetSocketAddress.createUnresolved(text.substring(0, colon), port);
            }
        } catch (IllegalArgumentException notANumber) {
            // Told below, with the whole text.
        }
        throw new IllegalArgumentException("\"" + text + "\" (expected: host:port)");
    }
}
