package dev.sidestep.control.ads;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which sessions ask for which name. Confined to the index's owner. */
final class Subscribers {
    private final Map<String, Set<Session>> byName = new HashMap<>();
    private final Set<Session> toAll = new LinkedHashSet<>();

    void add(String name, Session session) {
        byName.computeIfAbsent(name, key -> new LinkedHashSet<>()).add(session);
    }

    void remove(String name, Session session) {
        byName.computeIfPresent(name, (key, sessions) -> {
            sessions.remove(session);
            return sessions.isEmpty() ? null : sessions;
        });
    }

    void addToAll(Session session) {
        toAll.add(session);
    }

    void removeFromAll(Session session) {
        toAll.remove(session);
    }

    Collection<Session> of(String name) {
        return byName.getOrDefault(name, Set.of());
    }

    /** Those that asked for everything of some type. */
    Collection<Session> ofAll() {
        return List.copyOf(toAll);
    }

    /** How many names somebody asks for. */
    int nameCount() {
        return byName.size();
    }
}
