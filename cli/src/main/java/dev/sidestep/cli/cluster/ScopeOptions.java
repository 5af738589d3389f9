package dev.sidestep.cli.cluster;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which namespaces are meant: all, unless one is named. */
public final class ScopeOptions {
    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NS",
            description = "Only this namespace (all).")
    private @Nullable String namespace;

    @Option(
            names = {"-A", "--all-namespaces"},
            description = "All namespaces, as without -n.")
    private boolean all;

    /** The one that was named; empty: all. */
    public Optional<String> namespace() {
        return all ? Optional.empty() : Optional.ofNullable(namespace);
    }
}
