package dev.sidestep.control.injector;

import java.util.List;

/** What a pod can get. */
enum Placement {
    AGENT("agent"),
    SIDECAR("sidecar"),
    /** The sidecar without a redirect, named to the app by {@code http_proxy}. */
    PROXY("proxy"),
    GRPC("grpc"),
    SIDECAR_AND_AGENT("sidecar-and-agent");

    /** What the label {@code sidestep.dev/inject} can say; {@code true} and {@code false} are understood as well. */
    static final List<String> LABEL_VALUES =
            List.of("agent", "sidecar", "grpc", "sidecar-and-agent", "enabled", "disabled");

    private final String text;

    Placement(String text) {
        this.text = text;
    }

    /** As in the status. */
    String text() {
        return text;
    }

    boolean hasSidecar() {
        return this == SIDECAR || this == PROXY || this == SIDECAR_AND_AGENT;
    }

    boolean hasAgent() {
        return this == AGENT || this == SIDECAR_AND_AGENT;
    }

    /** What {@code sidestep.dev/injected} says, by which others find injected pods. */
    String label() {
        if (this == GRPC) {
            return "grpc";
        }
        return hasSidecar() ? "sidecar" : "agent";
    }
}
