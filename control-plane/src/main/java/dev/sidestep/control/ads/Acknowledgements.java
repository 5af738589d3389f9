package dev.sidestep.control.ads;

import dev.sidestep.concurrent.SerialExecutor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
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
                watch.owing.add(session);
            }
        }
        watches.add(watch);
        return watch;
    }

    /** Something happened on {@code session}. */
    void reconsider(Session session) {
        for (Watch watch : watches) {
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
                owing.add(session);
            } else {
                owing.remove(session);
            }
            if (complete != owing.isEmpty()) {
                owner.execute(changed);
            }
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
        }
    }
}
