package dev.sidestep.discovery;

import com.google.protobuf.ByteString;
import dev.sidestep.model.Cluster;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The names that are asked for, and the resources that answer them. One resource may answer several names; it is kept
 * while one of them is asked for. Confined to the client's owner.
 */
final class Services {
    /**
     * One resource as it was last good.
     *
     * @param value its bytes as they came
     * @param heldAt for one from disk, when it was last known to hold; empty for one from a stream
     */
    record Known(Cluster cluster, ByteString value, String version, Optional<Instant> heldAt) {}

    private final Set<String> asked = new LinkedHashSet<>();
    private final Map<String, String> resourceOf = new HashMap<>();
    private final Map<String, Set<String>> namesOf = new HashMap<>();
    private final Map<String, Known> known = new TreeMap<>();

    /** Whether that is news. */
    boolean ask(String name) {
        return asked.add(name);
    }

    /** Whether that is news. What is known of it is kept until {@link #forgetUnasked}: it may be asked for again. */
    boolean drop(String name) {
        return asked.remove(name);
    }

    boolean isAsked(String name) {
        return asked.contains(name);
    }

    /** In the order they were asked. */
    List<String> asked() {
        return List.copyOf(asked);
    }

    void forgetUnasked(Iterable<String> names) {
        for (String name : names) {
            if (!asked.contains(name)) {
                unlink(name);
            }
        }
    }

    @Nullable
    Known known(String resource) {
        return known.get(resource);
    }

    /** The resources there are, by name. */
    Map<String, Known> known() {
        return known;
    }

    /** The names that {@code resource} answers. */
    List<String> names(String resource) {
        return List.copyOf(namesOf.getOrDefault(resource, Set.of()));
    }

    /**
     * The names whose answer came on a stream. Of what is from disk nobody knows whether it still holds, so a new stream has
     * to tell it again.
     */
    List<String> answeredByStream() {
        return asked.stream().filter(this::isAnsweredByStream).toList();
    }

    private boolean isAnsweredByStream(String name) {
        Known answer = known.get(resourceOf.getOrDefault(name, ""));
        return answer != null && answer.heldAt().isEmpty();
    }

    /** The versions of the resources that came on a stream. */
    Map<String, String> versions() {
        Map<String, String> versions = new TreeMap<>();
        known.forEach((name, it) -> {
            if (it.heldAt().isEmpty()) {
                versions.put(name, it.version());
            }
        });
        return versions;
    }

    /** The names asked for that a resource answers: its own, its aliases, and those that it answered before. */
    List<String> answeredBy(String resource, Collection<String> aliases) {
        Set<String> names = new TreeSet<>(namesOf.getOrDefault(resource, Set.of()));
        names.add(resource);
        names.addAll(aliases);
        names.retainAll(asked);
        return List.copyOf(names);
    }

    boolean isAnswered(String name) {
        return resourceOf.containsKey(name);
    }

    /** {@code resource} is {@code latest} and answers {@code names}, which are asked for and at least one. */
    void put(String resource, Collection<String> names, Known latest) {
        names.forEach(name -> link(resource, name));
        known.put(resource, latest);
    }

    /**
     * There is no {@code name}, which may be asked for, or be a resource that answers others.
     *
     * @return the names asked for that nothing answers now
     */
    List<String> remove(String name) {
        Set<String> absent = new TreeSet<>(namesOf.getOrDefault(name, Set.of()));
        if (asked.contains(name)) {
            absent.add(name);
        }
        absent.forEach(this::unlink);
        return new ArrayList<>(absent);
    }

    private void link(String resource, String name) {
        if (resource.equals(resourceOf.get(name))) {
            return;
        }
        unlink(name);
        resourceOf.put(name, resource);
        namesOf.computeIfAbsent(resource, unused -> new TreeSet<>()).add(name);
    }

    private void unlink(String name) {
        String resource = resourceOf.remove(name);
        if (resource == null) {
            return;
        }
        Set<String> names = namesOf.getOrDefault(resource, Set.of());
        names.remove(name);
        if (names.isEmpty()) {
            namesOf.remove(resource);
            known.remove(resource);
        }
    }
}
