package dev.sidestep.agent;

import dev.sidestep.load.CallerConnection;
import dev.sidestep.load.ServiceLoad;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The connections of the application's clients that carry calls to Services. One that nothing refers to any more is taken
 * for closed: clients do not tell us when they close one. Any thread.
 */
final class ObservedConnections {
    /** A connection and whom it leads to: behind a gateway's address there may be several. */
    private static final class Key extends WeakReference<Object> {
        private final ServiceLoad service;
        private final int hash;

        Key(Object connection, ServiceLoad service, @Nullable ReferenceQueue<Object> gone) {
            super(connection, gone);
            this.service = service;
            this.hash = System.identityHashCode(connection) * 31 + System.identityHashCode(service);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            if (this == other) {
                return true;
            }
            if (!(other instanceof Key key) || key.service != service) {
                return false;
            }
            Object mine = get();
            return mine != null && mine == key.get();
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private final Map<Key, CallerConnection> known = new ConcurrentHashMap<>();
    private final ReferenceQueue<Object> gone = new ReferenceQueue<>();

    /** A call to {@code service} goes over {@code connection}. */
    void call(Object connection, ServiceLoad service) {
        if (!service.counts()) {
            return;
        }
        CallerConnection counted = known.get(new Key(connection, service, null));
        if (counted == null) {
            forget();
            counted = known.computeIfAbsent(new Key(connection, service, gone), key -> service.connect());
        }
        counted.call();
    }

    private void forget() {
        for (Reference<?> each = gone.poll(); each != null; each = gone.poll()) {
            if (each instanceof Key key) {
                CallerConnection closed = known.remove(key);
                if (closed != null) {
                    closed.close();
                }
            }
        }
    }
}
