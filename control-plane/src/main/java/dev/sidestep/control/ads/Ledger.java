package dev.sidestep.control.ads;

import dev.sidestep.control.ads.ClientStatus.Refusal;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What one stream was told of one type, and what the client said to it. Confined to the index's owner. */
final class Ledger {
    /** A client that acknowledges nothing costs no more than this; what falls out counts as not acknowledged. */
    private static final int MOST_OPEN = 256;

    private final ArrayDeque<Told> open = new ArrayDeque<>();
    private final Map<String, String> acknowledged = new TreeMap<>();
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
        acknowledged.put(name, version);
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
                if (item.version().isEmpty()) {
                    acknowledged.remove(item.name());
                } else {
                    acknowledged.put(item.name(), item.version());
                }
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
                kind.label(),
                subscribed,
                open.size(),
                lastAcknowledgedNonce,
                Map.copyOf(acknowledged),
                Optional.ofNullable(refusal));
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
