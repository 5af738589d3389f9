package dev.sidestep.balancing;

import java.util.List;

/**
 * One thing that a destination can mean. Confined to the owner.
 *
 * @param hostname the one pod meant below a headless Service, or ""
 * @param asked what was asked for it
 */
record Meaning(String hostname, Asked asked) {
    /** Whether there is such a thing, given that its cluster is there. */
    boolean exists() {
        LiveCluster live = asked.cluster();
        return live != null && (hostname.isEmpty() || live.hasPod(hostname));
    }

    /** Who is picked for it out of {@code live}, its cluster. */
    Picker picker(LiveCluster live, Fallbacks fallbacks) {
        if (hostname.isEmpty()) {
            return live.picker();
        }
        List<TrackedSubchannel> pinned = live.pinned(hostname);
        return pinned.isEmpty()
                ? fallbacks.picker(PickResult.PassThrough.NO_ENDPOINTS)
                : new RoundRobinPicker(pinned.toArray(Subchannel[]::new), new Cursor(0));
    }
}
