package dev.sidestep.control.ads;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What one stream asks for of one type, and which of it is to be told. Confined to the index's owner. */
final class Subscription {
    private final Kind kind;
    private final Ledger ledger = new Ledger();
    private final Set<String> names = new LinkedHashSet<>();

    /** To be told, each once, in the order of the first reason; those that were changed, not only asked for. */
    private final LinkedHashMap<String, Boolean> dirty = new LinkedHashMap<>();

    /** To be told even if the client has it. */
    private final Set<String> forced = new HashSet<>();

    /** The resource that each asked name was answered with; other than the name only where addresses are asked for. */
    private final Map<String, String> answeredWith = new HashMap<>();

    private final Map<String, Set<String>> askedAs = new HashMap<>();

    private boolean begun;
    private boolean wildcard;
    private boolean owed;
    private boolean endOwed;

    Subscription(Kind kind) {
        this.kind = kind;
    }

    Kind kind() {
        return kind;
    }

    Ledger ledger() {
        return ledger;
    }

    Collection<String> names() {
        return names;
    }

    int nameCount() {
        return names.size();
    }

    boolean contains(String name) {
        return names.contains(name);
    }

    boolean isWildcard() {
        return wildcard;
    }

    /** Whether this is the type's first request on the stream; once. */
    boolean begin() {
        boolean first = !begun;
        begun = true;
        return first;
    }

    /** A response is owed even if it says nothing: whoever asks for all waits to hear that there is none. */
    void owe() {
        owed = true;
    }

    boolean isOwed() {
        return owed;
    }

    void paid() {
        owed = false;
    }

    /** After all that is to be told now, it is to be said that this was all. */
    void oweEnd() {
        endOwed = true;
    }

    boolean isEndOwed() {
        return endOwed;
    }

    void endPaid() {
        endOwed = false;
    }

    /** {@code name} is asked for, and told even if the client should have it. */
    void add(String name) {
        names.add(name);
        force(name);
    }

    /** {@code name} is asked for by a client that says which version it has. */
    void resume(String name) {
        names.add(name);
        dirty.putIfAbsent(name, false);
    }

    void remove(String name) {
        names.remove(name);
        if (!wildcard) {
            drop(name);
        }
    }

    void addAll(Collection<String> all) {
        wildcard = true;
        owed = true;
        all.forEach(name -> dirty.putIfAbsent(name, false));
    }

    void removeAll() {
        wildcard = false;
        List.copyOf(answeredWith.keySet()).stream()
                .filter(name -> !names.contains(name))
                .forEach(this::drop);
    }

    private void drop(String name) {
        dirty.remove(name);
        forced.remove(name);
        detach(name);
        answeredWith.remove(name);
        if (!askedAs.containsKey(name)) {
            ledger.forget(name);
        }
    }

    void changed(String name) {
        dirty.put(name, true);
    }

    void force(String name) {
        dirty.putIfAbsent(name, false);
        forced.add(name);
    }

    boolean isForced(String name) {
        return forced.contains(name);
    }

    boolean wasChanged(String name) {
        return dirty.getOrDefault(name, false);
    }

    /** What is to be told. */
    List<String> dirty() {
        return List.copyOf(dirty.keySet());
    }

    int dirtyCount() {
        return dirty.size();
    }

    /** {@code name} has been told, or need not be. */
    void clean(String name) {
        dirty.remove(name);
        forced.remove(name);
    }

    /** {@code name} is answered with {@code resource} from now on; "" if there is none. */
    void answer(String name, String resource) {
        if (resource.equals(answeredWith.get(name))) {
            return;
        }
        detach(name);
        answeredWith.put(name, resource);
        if (!resource.isEmpty()) {
            askedAs.computeIfAbsent(resource, key -> new TreeSet<>()).add(name);
        }
    }

    /** Whether the client was told that there is no {@code name}. */
    boolean isToldAbsent(String name) {
        return "".equals(answeredWith.get(name));
    }

    /**
     * Whether the client may still go by a state of {@code place} from before its generation: it was not told a later one,
     * or has not said yes to it.
     */
    boolean owes(Place place) {
        return place.names().stream()
                .anyMatch(name -> (names.contains(name)
                                || (wildcard && name.equals(place.cluster().value())))
                        && owes(name, place.generation()));
    }

    private boolean owes(String name, long generation) {
        String answer = answeredWith.getOrDefault(name, "");
        String resource = answer.isEmpty() ? name : answer;
        if (ledger.isAcknowledgedSince(resource, generation)) {
            return false;
        }
        // What the change left as it was for this client was not told again.
        return dirty.containsKey(name) || !ledger.isAcknowledged(resource);
    }

    /** The other names under which {@code resource} was asked for. */
    List<String> aliases(String resource) {
        return askedAs.getOrDefault(resource, Set.of()).stream()
                .filter(name -> !name.equals(resource))
                .toList();
    }

    private void detach(String name) {
        String before = answeredWith.get(name);
        if (before != null) {
            askedAs.computeIfPresent(before, (resource, asked) -> {
                asked.remove(name);
                return asked.isEmpty() ? null : asked;
            });
            if (!before.isEmpty() && !askedAs.containsKey(before)) {
                ledger.forget(before);
            }
        }
    }
}
