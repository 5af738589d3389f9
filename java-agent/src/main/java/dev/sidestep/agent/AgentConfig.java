package dev.sidestep.agent;

import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Mode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the JVM's environment says to the agent; every {@code SIDESTEP_X_Y} is also the property {@code sidestep.x.y}, which
 * wins.
 *
 * @param enabled whether there is an agent at all
 * @param mode what the agent does until the control plane says something more cautious
 * @param controlPlane where it is
 * @param namespace in which short names are resolved
 * @param podName this pod, or ""
 * @param nodeName its node, or ""
 * @param zone its zone, or ""
 * @param clusterDomain of the cluster's DNS
 * @param caFile what the control plane's certificate is checked against; empty: plaintext
 * @param tokenFile what it is shown
 * @param snapshotDir where the last known good state is kept; empty: nowhere
 * @param disabledClients clients that are left alone, as {@link dev.sidestep.agent.weave.Client#name}
 * @param complaints wrong values, one line each; their defaults hold
 */
record AgentConfig(
        boolean enabled,
        Mode mode,
        Target controlPlane,
        String namespace,
        String podName,
        String nodeName,
        String zone,
        String clusterDomain,
        Optional<Path> caFile,
        Optional<Path> tokenFile,
        Optional<Path> snapshotDir,
        Set<String> disabledClients,
        List<String> complaints) {

    /** A host, as it was written, and its port. */
    record Target(String host, int port) {
        @Override
        public String toString() {
            return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
        }
    }

    private static final Target DEFAULT_CONTROL_PLANE = new Target("control-plane.sidestep-system.svc", 16012);

    /**
     * Reads it; never throws.
     *
     * @param environment a variable's value, or null
     * @param property a JVM property's value, or null
     * @param clients the names of all clients there are
     */
    static AgentConfig read(
            UnaryOperator<@Nullable String> environment,
            UnaryOperator<@Nullable String> property,
            Set<String> clients) {
        Reader reader = new Reader(environment, property);
        reader.requireTlsForToken();
        return new AgentConfig(
                reader.flag("SIDESTEP_ENABLED", true),
                reader.mode(),
                reader.target("SIDESTEP_CONTROL_PLANE", DEFAULT_CONTROL_PLANE),
                reader.text("SIDESTEP_NAMESPACE", "default"),
                reader.text("SIDESTEP_POD_NAME", ""),
                reader.text("SIDESTEP_NODE_NAME", ""),
                reader.text("SIDESTEP_ZONE", ""),
                reader.text("SIDESTEP_CLUSTER_DOMAIN", ClusterName.WIRE_DOMAIN),
                reader.path("SIDESTEP_CA_FILE"),
                reader.path("SIDESTEP_TOKEN_FILE"),
                reader.path("SIDESTEP_SNAPSHOT_DIR"),
                clients.stream()
                        .filter(client -> !reader.flag("SIDESTEP_INSTRUMENTATION_" + client + "_ENABLED", true))
                        .collect(Collectors.toUnmodifiableSet()),
                List.copyOf(reader.complaints));
    }

    private static final class Reader {
        private final UnaryOperator<@Nullable String> environment;
        private final UnaryOperator<@Nullable String> property;
        private final List<String> complaints = new ArrayList<>();

        Reader(UnaryOperator<@Nullable String> environment, UnaryOperator<@Nullable String> property) {
            this.environment = environment;
            this.property = property;
        }

        String text(String variable, String otherwise) {
            String value = property.apply(variable.toLowerCase(Locale.ROOT).replace('_', '.'));
            if (value == null) {
                value = environment.apply(variable);
            }
            // Set to nothing is not set: that is how a manifest takes back what an image says.
            return value == null || value.isBlank() ? otherwise : value.strip();
        }

        boolean flag(String variable, boolean otherwise) {
            String value = text(variable, Boolean.toString(otherwise));
            if (value.equalsIgnoreCase("true") || value.equalsIgnoreCase("false")) {
                return Boolean.parseBoolean(value);
            }
            complain(variable, value, "true or false", Boolean.toString(otherwise));
            return otherwise;
        }

        Mode mode() {
            String value = text("SIDESTEP_MODE", "balance");
            for (Mode mode : Mode.values()) {
                if (mode.name().equalsIgnoreCase(value)) {
                    return mode;
                }
            }
            complain("SIDESTEP_MODE", value, "balance, observe or off", "balance");
            return Mode.BALANCE;
        }

        Target target(String variable, Target otherwise) {
            String value = text(variable, otherwise.toString());
            int colon = value.lastIndexOf(':');
            try {
                String host = value.substring(0, Math.max(0, colon));
                int port = Integer.parseInt(value.substring(colon + 1));
                boolean bracketed = host.startsWith("[") && host.endsWith("]");
                String bare = bracketed ? host.substring(1, host.length() - 1) : host;
                if (port >= 1 && port <= 65535 && !bare.isEmpty() && (bracketed || bare.indexOf(':') < 0)) {
                    return new Target(bare, port);
                }
            } catch (NumberFormatException notAPort) {
                // Said below.
            }
            complain(variable, value, "host:port", otherwise.toString());
            return otherwise;
        }

        Optional<Path> path(String variable) {
            String value = text(variable, "");
            return value.isEmpty() ? Optional.empty() : Optional.of(Path.of(value));
        }

        void requireTlsForToken() {
            if (path("SIDESTEP_TOKEN_FILE").isPresent()
                    && path("SIDESTEP_CA_FILE").isEmpty()) {
                complaints.add(
                        "SIDESTEP_TOKEN_FILE: not shown to the control plane, because without SIDESTEP_CA_FILE the"
                                + " connection is plaintext; set SIDESTEP_CA_FILE");
            }
        }

        private void complain(String variable, String value, String expected, String otherwise) {
            complaints.add(variable + ": \"" + value + "\" (expected: " + expected + "); " + otherwise + " holds");
        }
    }
}
