package dev.sidestep.balancing;

import java.util.LinkedHashSet;
import java.util.Set;

/** Remembers what is asked for. */
final class FakeDiscovery implements Discovery {
    private final Set<String> asked = new LinkedHashSet<>();

    @Override
    public void subscribe(String name) {
        asked.add(name);
    }

    @Override
    public void unsubscribe(String name) {
        asked.remove(name);
    }

    Set<String> asked() {
        return asked;
    }
}
