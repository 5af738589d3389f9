package dev.sidestep.control;

import dev.sidestep.control.settings.Settings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * All that a control plane is told when it starts. A wrong value throws an {@link IllegalArgumentException} whose
 * message is fit for the user: one line with the flag, the reason and the fix.
 *
 * @param source where Services and endpoints come from
 * @param xds where the xDS server listens; port 0: a free one
 * @param xdsTls where the xDS server listens with TLS, for clients with a token; port 0: a free one; empty: nowhere
 * @param admin where the admin server listens; port 0: a free one
 * @param allowPlaintext whether xDS may be served without TLS beyond the loopback interface
 * @param injector where pods are injected, over TLS; port 0: a free one; empty: nowhere
 * @param replica who this process is among others like it
 * @param settings what the configuration file says
 */
public record ControlPlaneConfig(
        Source source,
        InetSocketAddress xds,
        Optional<InetSocketAddress> xdsTls,
        InetSocketAddress admin,
        boolean allowPlaintext,
        Optional<InetSocketAddress> injector,
        Replica replica,
        Settings settings) {

    /** The port of the xDS server without TLS, by default. */
    public static final int XDS_PORT = 16010;

    /** The port of the xDS server with TLS, by default. */
    public static final int XDS_TLS_PORT = 16012;

    /** The port of the injector, by convention. */
    public static final int INJECTOR_PORT = 16017;

    /** The port of the admin server, by default. */
    public static final int ADMIN_PORT = 16080;

    public ControlPlaneConfig {
        requireResolved("--xds", xds);
        xdsTls.ifPresent(address -> requireResolved("--xds-tls", address));
        requireResolved("--admin", admin);
        injector.ifPresent(address -> requireResolved("--injector", address));
        if (!allowPlaintext && !xds.getAddress().isLoopbackAddress()) {
            throw new IllegalArgumentException("--xds " + text(xds)
                    + ": plaintext xDS is served on loopback addresses only;"
                    + " listen on 127.0.0.1, or pass --allow-plaintext if the network may read and forge it");
        }
        if (injector.isPresent() && source instanceof Directory) {
            throw new IllegalArgumentException("--injector " + text(injector.get())
                    + ": with --directory there are no pods that are made; use --kubernetes, or sidestep inject -f");
        }
        if (xdsTls.isPresent() && source instanceof Directory) {
            throw new IllegalArgumentException("--xds-tls " + text(xdsTls.get())
                    + ": the API server says whose a token is, and with --directory there is none;"
                    + " use --kubernetes, or --xds on a loopback address");
        }
    }

    /** What {@code sidestep control-plane --directory} runs unless told otherwise: loopback, default ports. */
    public static ControlPlaneConfig directory(Path directory) {
        return defaults(new Directory(directory));
    }

    /** What {@code sidestep control-plane --kubernetes} runs unless told otherwise. */
    public static ControlPlaneConfig kubernetes() {
        return defaults(new Kubernetes(Optional.empty(), Optional.empty(), Set.of()));
    }

    /** This, listening elsewhere. */
    public ControlPlaneConfig listeningOn(InetSocketAddress xdsAddress, InetSocketAddress adminAddress) {
        return new ControlPlaneConfig(
                source, xdsAddress, xdsTls, adminAddress, allowPlaintext, injector, replica, settings);
    }

    private static ControlPlaneConfig defaults(Source source) {
        return new ControlPlaneConfig(
                source,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), XDS_PORT),
                Optional.empty(),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), ADMIN_PORT),
                false,
                Optional.empty(),
                Replica.UNKNOWN,
                Settings.DEFAULT);
    }

    private static void requireResolved(String flag, InetSocketAddress address) {
        if (address.isUnresolved()) {
            throw new IllegalArgumentException(
                    flag + " " + text(address) + ": the name has no address; give an IP address and a port");
        }
    }

    private static String text(InetSocketAddress address) {
        String host = address.getHostString();
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
    }

    /**
     * One of the control plane's processes.
     *
     * @param pod its pod's name; "" outside a pod
     * @param namespace where its Secret, and its like, are
     * @param address its pod's; empty outside a pod
     * @param webhook the MutatingWebhookConfiguration that leads to it
     * @param token the file with the token that it shows to its like
     */
    public record Replica(String pod, String namespace, Optional<InetAddress> address, String webhook, Path token) {
        /** What the chart calls things, outside a pod. */
        public static final Replica UNKNOWN =
                new Replica("", "sidestep-system", Optional.empty(), "sidestep", Path.of("/var/run/sidestep/token"));
    }

    /** Where Services and endpoints come from. */
    public sealed interface Source permits Directory, Kubernetes {}

    /**
     * The manifests in a folder, read again when they change.
     *
     * @param path the folder; it must exist at the start
     */
    public record Directory(Path path) implements Source {}

    /**
     * The Kubernetes API.
     *
     * @param kubeconfig the file; empty: inside a pod its service account, elsewhere {@code KUBECONFIG} or
     *     {@code ~/.kube/config}
     * @param context the kubeconfig's context; empty: its current one
     * @param namespaces the namespaces to serve; empty: all
     */
    public record Kubernetes(Optional<Path> kubeconfig, Optional<String> context, Set<String> namespaces)
            implements Source {
        public Kubernetes {
            namespaces = Set.copyOf(namespaces);
        }
    }
}
