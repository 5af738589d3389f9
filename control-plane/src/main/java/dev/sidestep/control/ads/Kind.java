package dev.sidestep.control.ads;

import dev.sidestep.xds.ResourceType;
import java.util.Optional;

/** The types of resources, in the order in which a stream is told of them: what others point at comes after those. */
enum Kind {
    SELF(ResourceType.SELF),
    SERVICE(ResourceType.SERVICE),
    CLUSTER(ResourceType.CLUSTER),
    ENDPOINT(ResourceType.ENDPOINT),
    LISTENER(ResourceType.LISTENER),
    ROUTE(ResourceType.ROUTE);

    private final String typeUrl;

    Kind(String typeUrl) {
        this.typeUrl = typeUrl;
    }

    String typeUrl() {
        return typeUrl;
    }

    /** As metrics and status call it: the last word of the type. */
    String label() {
        return typeUrl.substring(typeUrl.lastIndexOf('.') + 1);
    }

    /**
     * Whether a first request without names asks for all there are. Listeners that gRPC understands are none that others
     * do, so nobody gets those of all names.
     */
    boolean hasWildcard() {
        return this == CLUSTER;
    }

    /** Whether a state-of-the-world response has to hold all of them, because what is left out counts as deleted. */
    boolean isToldWhole() {
        return this == CLUSTER || this == LISTENER;
    }

    static Optional<Kind> of(String typeUrl) {
        for (Kind kind : values()) {
            if (kind.typeUrl.equals(typeUrl)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
