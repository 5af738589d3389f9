package dev.sidestep.control.ads;

import dev.sidestep.concurrent.SerialExecutor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tells when every open stream has acknowledged that something left. Nothing is asked again and again: a stream is looked
 * at when something happens on it. Confined to the index's owner.
 *
 * <p>A stream counts as not acknowledged from its first request for one of the places until it says yes to a response made
 * after the leaving; so do one that refuses that response, one that is too slow to be sent it, and one that comes
 * meanwhile with an older version. One that asks for none of the places, or that is closed, does not.
 */
public final class Acknowledgements {
    private final SerialExecutor owner;
    private final Collection<Session> sessions;
    private final Set<Watch> watches = new LinkedHashSet<>();
    private final Map<Session, Set<Watch>> owedBy = new HashMap<>();

    /** @param sessions all that are open, as they are at any time */
    Acknowledgements(SerialExecutor owner, Collection<Session> sessions) {
        this.owner = owner;
        this.sessions = sessions;
    }

    /**
     * Watches the streams until {@link Watch#close}.
     *
     * @param changed told in a task of its own when {@link Watch#isComplete} turns
     */
    public Watch watch(List<Place> places, Runnable changed) {
        owner.checkCurrent();
        var watch = new Watch(places, changed);
        for (Session session : sessions) {
            if (watch.isOwedBy(session)) {
                watch.add(session);
            }
        }
        watches.add(watch);
        return watch;
    }

    /**
     * Something happened on {@code session}. Who owes nothing begins to only by asking for more: what changes later it may
     * take its time with.
     */
    void reconsider(Session session) {
        Collection<Watch> concerned = session.takeAskedMore() ? watches : owedBy.getOrDefault(session, Set.of());
        for (Watch watch : List.copyOf(concerned)) {
            watch.reconsider(session);
        }
    }

    /** The streams that have not acknowledged. Confined to the index's owner. */
    public final class Watch {
        private final List<Place> places;
        private final Runnable changed;
        private final Set<Session> owing = new LinkedHashSet<>();

        private Watch(List<Place> places, Runnable changed) {
            this.places = List.copyOf(places);
            this.changed = changed;
        }

        private boolean isOwedBy(Session session) {
            return places.stream().anyMatch(session::owes);
        }

        private void reconsider(Session session) {
            boolean complete = owing.isEmpty();
            if (isOwedBy(session)) {
                add(session);
            } else {
                remove(session);
            }
            if (complete != owing.isEmpty()) {
                owner.execute(changed);
            }
        }

        private void add(Session session) {
            owing.add(session);
            owedBy.computeIfAbsent(session, key -> new LinkedHashSet<>()).add(this);
        }

        private void remove(Session session) {
            owing.remove(session);
            owedBy.computeIfPresent(session, (key, owed) -> {
                owed.remove(this);
                return owed.isEmpty() ? null : owed;
            });
        }

        /** Whether every stream that has to has acknowledged. */
        public boolean isComplete() {
            owner.checkCurrent();
            return owing.isEmpty();
        }

        /** How many streams have not. */
        public int owing() {
            owner.checkCurrent();
            return owing.size();
        }

        /** The clients that have not, by their ids; {@code most} of them. */
        public List<String> clients(int most) {
            owner.checkCurrent();
            var clients = new ArrayList<String>();
            for (Session session : owing) {
                if (clients.size() == most) {
                    break;
                }
                clients.add(session.client().id());
            }
            return clients;
        }

        /** Watches no longer. More than once is harmless. */
        public void close() {
            owner.checkCurrent();
            watches.remove(this);
            List.copyOf(owing).forEach(this::remove);
        }
    }
}
