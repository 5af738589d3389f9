package dev.sidestep.discovery;

import com.google.protobuf.ByteString;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.model.Self;
import dev.sidestep.xds.InvalidResourceException;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.SelfDecoder;
import dev.sidestep.xds.ServiceDecoder;
import dev.sidestep.xds.proto.snapshot.Snapshot;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One client's snapshot: what an earlier process left, until it is asked for, and when to write what this one knows.
 * Confined to {@code owner}.
 */
final class Snapshots {
    /** Changes come in bursts, and a snapshot a second old serves as well. */
    private static final Duration DEBOUNCE = Duration.ofSeconds(1);

    /** A third of the time that a list from disk is used as it is: it counts from its writing. */
    private static final Duration REFRESH = Duration.ofSeconds(20);

    /** What nobody asks for is carried from file to file no longer than this. */
    private static final Duration KEPT_UNASKED = Duration.ofHours(1);

    private record Left(Services.Known known, List<String> asked, Instant heldAt) {}

    private final SnapshotStore store;
    private final SerialExecutor owner;
    private final String namespace;
    private final Services services;

    private final Map<String, Left> left = new TreeMap<>();
    private final Map<String, String> leftFor = new HashMap<>();
    private ByteString self = ByteString.EMPTY;
    private boolean connected;
    private Instant heldUntil = Instant.EPOCH; // while not connected
    private SerialExecutor.@Nullable Cancellable change;
    private SerialExecutor.@Nullable Cancellable refresh;

    Snapshots(SnapshotStore store, SerialExecutor owner, String namespace, Services services) {
        this.store = store;
        this.owner = owner;
        this.namespace = namespace;
        this.services = services;
    }

    /** Reads what an earlier process left, and is told of itself what that was. */
    Optional<Self> start() {
        owner.checkCurrent();
        Optional<Snapshot> read = store.read(namespace);
        if (read.isEmpty()) {
            return Optional.empty();
        }
        Snapshot snapshot = read.get();
        try {
            Optional<Self> told = snapshot.getSelf().isEmpty()
                    ? Optional.empty()
                    : Optional.of(SelfDecoder.decode(ResourceType.SELF_NAME, snapshot.getSelf()));
            for (Snapshot.Entry entry : snapshot.getEntriesList()) {
                restore(entry);
            }
            self = snapshot.getSelf();
            return told;
        } catch (InvalidResourceException e) {
            left.clear();
            leftFor.clear();
            store.unusable(e.getMessage());
            return Optional.empty();
        }
    }

    private void restore(Snapshot.Entry entry) throws InvalidResourceException {
        Instant heldAt = Instant.ofEpochMilli(entry.getHeldAtMillis());
        var known = new Services.Known(
                ServiceDecoder.decode(entry.getName(), entry.getValue()), entry.getValue(), "", Optional.of(heldAt));
        left.put(entry.getName(), new Left(known, entry.getAskedList(), heldAt));
        leftFor.put(entry.getName(), entry.getName());
        entry.getAskedList().forEach(name -> leftFor.put(name, entry.getName()));
    }

    /** What an earlier process was answered to {@code name}. */
    Optional<Services.Known> left(String name) {
        Left found = left.get(leftFor.getOrDefault(name, ""));
        return found == null ? Optional.empty() : Optional.of(found.known());
    }

    /** The control plane has answered for {@code name}: what was left for it is of the past. */
    void answered(String name) {
        String resource = leftFor.remove(name);
        if (resource != null) {
            left.remove(resource);
        }
    }

    Duration age(Instant heldAt) {
        return store.age(heldAt);
    }

    void told(ByteString latest) {
        self = latest;
        changed();
    }

    /** Something that was told is to be written, soon. */
    void changed() {
        owner.checkCurrent();
        if (change == null) {
            change = owner.schedule(DEBOUNCE, () -> {
                change = null;
                write(true);
            });
        }
    }

    void connected() {
        owner.checkCurrent();
        connected = true;
        refreshLater();
    }

    void disconnected() {
        owner.checkCurrent();
        connected = false;
        heldUntil = store.now();
        if (refresh != null) {
            refresh.cancel();
            refresh = null;
        }
    }

    /** Writes what is not written yet, and then nothing more. */
    void stop() {
        owner.checkCurrent();
        boolean unwritten = change != null;
        for (var timer : Arrays.asList(change, refresh)) {
            if (timer != null) {
                timer.cancel();
            }
        }
        if (unwritten || connected) {
            write(true);
        }
    }

    private void refreshLater() {
        refresh = owner.schedule(REFRESH, () -> {
            write(false);
            refreshLater();
        });
    }

    private void write(boolean durable) {
        Instant now = store.now();
        Instant current = connected ? now : heldUntil;
        var snapshot = Snapshot.newBuilder().setNamespace(namespace).setSelf(self);
        services.known()
                .forEach((name, known) -> snapshot.addEntries(
                        entry(name, known, services.names(name), known.heldAt().orElse(current))));
        left.forEach((name, it) -> {
            if (services.known(name) == null && it.heldAt().isAfter(now.minus(KEPT_UNASKED))) {
                snapshot.addEntries(entry(name, it.known(), it.asked(), it.heldAt()));
            }
        });
        store.write(snapshot.build(), durable);
    }

    private static Snapshot.Entry entry(String name, Services.Known known, List<String> asked, Instant heldAt) {
        return Snapshot.Entry.newBuilder()
                .setName(name)
                .setValue(known.value())
                .addAllAsked(asked)
                .setHeldAtMillis(heldAt.toEpochMilli())
                .build();
    }
}
