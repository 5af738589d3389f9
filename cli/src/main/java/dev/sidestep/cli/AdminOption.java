package dev.sidestep.cli;

import dev.sidestep.cli.cluster.AdminPort;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flag that names one control plane to ask, in place of a cluster's. */
final class AdminOption {
    @Option(
            names = "--admin",
            paramLabel = "HOST:PORT",
            converter = ListenAddress.class,
            description = "Ask the control plane there, in place of the cluster's replicas.")
    private @Nullable InetSocketAddress address;

    /** Its admin port; empty: that of each replica of the cluster. */
    Optional<AdminPort> port() {
        return Optional.ofNullable(address).map(AdminPort::at);
    }
}
