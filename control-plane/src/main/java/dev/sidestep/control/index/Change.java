package dev.sidestep.control.index;

import java.util.Optional;

/**
 * What a source saw.
 *
 * @param item the object as it is now; empty: it is gone
 */
public record Change(ObjectKey key, Optional<Item> item) {
    public static Change put(Item item) {
        return new Change(item.key(), Optional.of(item));
    }

    public static Change removed(ObjectKey key) {
        return new Change(key, Optional.empty());
    }
}
