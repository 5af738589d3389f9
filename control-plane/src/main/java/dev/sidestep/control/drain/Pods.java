package dev.sidestep.control.drain;

import java.util.Optional;

/** What has to be known of pods themselves. Called on the index's owner. */
public interface Pods {
    /** For sources that know nothing of pods. */
    Pods UNKNOWN = new Pods() {
        @Override
        public Optional<PodName> byDrainId(String id) {
            return Optional.empty();
        }

        @Override
        public boolean stays(PodName pod) {
            return false;
        }
    };

    /** The pod whose annotation {@code sidestep.dev/drain-id} says {@code id}. */
    Optional<PodName> byDrainId(String id);

    /** Whether {@code pod} is there and not marked for deletion. */
    boolean stays(PodName pod);
}
