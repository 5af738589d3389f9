package dev.sidestep.control.ads;

import dev.sidestep.model.ClusterName;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which sessions ask for which name. Confined to the index's owner. */
final class Subscribers {
    private final Map<String, Set<Session>> byName = new HashMap<>();
    private final Map<Integer, Set<String>> addressesByPort = new HashMap<>();
    private final Set<Session> toAll = new LinkedHashSet<>();
    private long subscriptions;

    void add(String name, Session session) {
        port(name)
                .ifPresent(port -> addressesByPort
                        .computeIfAbsent(port, key -> new HashSet<>())
                        .add(name));
        if (byName.computeIfAbsent(name, key -> new LinkedHashSet<>()).add(session)) {
            subscriptions++;
        }
    }

    void remove(String name, Session session) {
        byName.computeIfPresent(name, (key, sessions) -> {
            if (sessions.remove(session)) {
                subscriptions--;
            }
            return sessions.isEmpty() ? null : sessions;
        });
        if (!byName.containsKey(name)) {
            port(name)
                    .ifPresent(port -> addressesByPort.computeIfPresent(port, (key, names) -> {
                        names.remove(name);
                        return names.isEmpty() ? null : names;
                    }));
        }
    }

    /** The addresses with this port that somebody asks for. */
    Set<String> addressesWithPort(int port) {
        return Set.copyOf(addressesByPort.getOrDefault(port, Set.of()));
    }

    /** The port of an {@code address:port}; empty for the name of a cluster, and for what is neither. */
    private static Optional<Integer> port(String name) {
        if (ClusterName.parse(name).isPresent()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Integer.parseInt(name.substring(name.lastIndexOf(':') + 1)));
        } catch (NumberFormatException notAnAddress) {
            return Optional.empty();
        }
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

    /** How many names each session asks for, all added up. */
    long subscriptionCount() {
        return subscriptions;
    }

    /** How many names somebody asks for. */
    int nameCount() {
        return byName.size();
    }
}
