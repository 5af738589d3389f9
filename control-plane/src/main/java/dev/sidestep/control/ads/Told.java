package dev.sidestep.control.ads;

import java.util.List;
import java.util.OptionalLong;

/**
 * A response on its way.
 *
 * @param resources what it carries, as {@code name@version}
 * @param changedNanos when the oldest change in it was heard; empty if it answers a question
 * @param generation the {@link Catalog#generation} that it was made of
 */
record Told(String nonce, List<Item> resources, OptionalLong changedNanos, long generation) {
    Told {
        resources = List.copyOf(resources);
    }

    /** @param version "" if the name was told to be absent */
    record Item(String name, String version) {}
}
