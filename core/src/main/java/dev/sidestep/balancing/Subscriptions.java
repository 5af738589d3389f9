package dev.sidestep.balancing;

import dev.sidestep.concurrent.SerialExecutor;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The names asked of discovery, each as long as a destination can mean it, and how far their answers are. Confined to the owner. */
final class Subscriptions {
    /** A control plane answers what it does not know at once; one that is silent for longer must not delay calls. */
    private static final Duration OVERDUE = Duration.ofSeconds(1);

    private final SerialExecutor owner;
    private final Consumer<NamedDestination> onProgress;
    private final Map<String, Asked> asked = new HashMap<>();
    private final Set<Asked> absent = new LinkedHashSet<>(); // The longest absent first.
    private @Nullable Discovery discovery;
    private boolean connected;

    /** @param onProgress hears of each user of a name that is waited for otherwise than before */
    Subscriptions(SerialExecutor owner, Consumer<NamedDestination> onProgress) {
        this.owner = owner;
        this.onProgress = onProgress;
    }

    void start(Discovery started) {
        discovery = started;
        asked.values().forEach(this::ask);
    }

    boolean isConnected() {
        return connected;
    }

    void setConnected(boolean connected) {
        this.connected = connected;
        asked.values().forEach(this::expectAnswer);
    }

    /** What is known of {@code name}; null if it is not asked, or not any more. */
    @Nullable
    Asked find(String name) {
        return asked.get(name);
    }

    /** Asks for {@code name} on behalf of {@code user}, unless it is asked already. */
    Asked use(String name, NamedDestination user) {
        owner.checkCurrent();
        Asked of = asked.get(name);
        if (of == null) {
            of = new Asked(name);
            asked.put(name, of);
            ask(of);
        }
        of.users().add(user);
        return of;
    }

    /** Undoes {@link #use}; whether that was the last user, so that the name is not asked any more. */
    boolean stopUsing(Asked of, NamedDestination user) {
        owner.checkCurrent();
        of.users().remove(user);
        if (!of.users().isEmpty()) {
            return false;
        }
        asked.remove(of.name());
        absent.remove(of);
        if (discovery != null) {
            discovery.unsubscribe(of.name());
        }
        return true;
    }

    void answered(Asked of, @Nullable LiveCluster cluster) {
        of.set(cluster == null ? Asked.State.ABSENT : Asked.State.PRESENT, cluster);
        if (cluster == null) {
            absent.add(of);
        } else {
            absent.remove(of);
        }
    }

    /** The users of the longest absent name, if more than {@code limit} are absent; none otherwise. */
    List<NamedDestination> usersOfTooMany(int limit) {
        return absent.size() <= limit
                ? List.of()
                : List.copyOf(absent.iterator().next().users());
    }

    private void ask(Asked of) {
        if (discovery == null) {
            return;
        }
        discovery.subscribe(of.name());
        // What discovery has on disk it tells in a task of its own, which was queued before this one.
        owner.execute(() -> {
            if (of.state() == Asked.State.ASKING) {
                progress(of, Asked.State.UNANSWERED);
            }
        });
        expectAnswer(of);
    }

    /** Stops waiting for an answer in time, so that a control plane that hangs does not hold calls up. */
    private void expectAnswer(Asked of) {
        if (!connected || of.isAnswered()) {
            return;
        }
        if (of.state() == Asked.State.OVERDUE) {
            of.set(Asked.State.UNANSWERED, null);
        }
        owner.schedule(OVERDUE, () -> {
            if (of.state() == Asked.State.UNANSWERED) {
                progress(of, Asked.State.OVERDUE);
            }
        });
    }

    private void progress(Asked of, Asked.State state) {
        of.set(state, null);
        of.users().forEach(onProgress);
    }
}
