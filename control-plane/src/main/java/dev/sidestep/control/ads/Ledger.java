package dev.sidestep.control.ads;

import dev.sidestep.control.ads.ClientStatus.Refusal;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What one stream was told of one type, and what the client said to it. Confined to the index's owner. */
final class Ledger {
    /** A client that acknowledges nothing costs no more than this; what falls out counts as not acknowledged. */
    private static final int MOST_OPEN = 256;

    /**
     * What a client said yes to last.
     *
     * @param version "" for absent
     * @param generation the catalog's when it was told; {@link #BROUGHT} if the client had it from elsewhere
     */
    private record Acknowledged(String version, long generation) {}

    private static final long BROUGHT = -1;

    private final ArrayDeque<Told> open = new ArrayDeque<>();
    private final Map<String, Acknowledged> acknowledged = new TreeMap<>();
    private final Map<String, String> sent = new TreeMap<>();
    private String lastAcknowledgedNonce = "";
    private @Nullable Refusal refusal;

    void told(Told told) {
        if (open.size() == MOST_OPEN) {
            open.removeFirst();
        }
        open.addLast(told);
        told.resources().forEach(item -> sent.put(item.name(), item.version()));
    }

    /** What the client was last told of {@code name}: a version, "" for absent, or nothing. */
    Optional<String> sentVersion(String name) {
        return Optional.ofNullable(sent.get(name));
    }

    /** The client has {@code version} of {@code name} from before. */
    void has(String name, String version) {
        sent.put(name, version);
        acknowledged.put(name, new Acknowledged(version, BROUGHT));
    }

    /** Whether the client has said yes to what it was last told of {@code name}. */
    boolean isAcknowledged(String name) {
        Acknowledged last = acknowledged.get(name);
        return last != null && last.version().equals(sent.get(name));
    }

    /** Whether the client has said yes to {@code name} as it was at {@code generation} of the catalog or later. */
    boolean isAcknowledgedSince(String name, long generation) {
        Acknowledged last = acknowledged.get(name);
        return last != null && last.generation() >= generation;
    }

    /** The client is no longer interested. */
    void forget(String name) {
        sent.remove(name);
        acknowledged.remove(name);
    }

    /** The client took the response {@code nonce}; that one, if it is known. */
    Optional<Told> accept(String nonce) {
        Optional<Told> told = take(nonce);
        told.ifPresent(taken -> {
            lastAcknowledgedNonce = nonce;
            for (Told.Item item : taken.resources()) {
                acknowledged.put(item.name(), new Acknowledged(item.version(), taken.generation()));
            }
            if (refusal != null && taken.resources().stream().anyMatch(item -> refusal.concerns(item.name()))) {
                refusal = null;
            }
        });
        return told;
    }

    /** The client refused the response {@code nonce}: it goes on with what it had, and is not sent the same again. */
    Optional<Refusal> refuse(String nonce, String reason) {
        return take(nonce).map(taken -> {
            refusal =
                    new Refusal(taken.resources().stream().map(Told.Item::name).toList(), reason);
            return refusal;
        });
    }

    ClientStatus.Type status(Kind kind, int subscribed) {
        return new ClientStatus.Type(
                kind.label(), subscribed, open.size(), lastAcknowledgedNonce, versions(), Optional.ofNullable(refusal));
    }

    private Map<String, String> versions() {
        var versions = new HashMap<String, String>();
        acknowledged.forEach((name, last) -> {
            if (!last.version().isEmpty()) {
                versions.put(name, last.version());
            }
        });
        return Map.copyOf(versions);
    }

    private Optional<Told> take(String nonce) {
        while (!open.isEmpty() && open.stream().anyMatch(told -> told.nonce().equals(nonce))) {
            Told told = open.removeFirst();
            if (told.nonce().equals(nonce)) {
                return Optional.of(told);
            }
            // Passed over: the client merged it into the later one.
        }
        return Optional.empty();
    }
}
