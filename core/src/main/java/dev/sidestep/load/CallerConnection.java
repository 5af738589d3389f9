package dev.sidestep.load;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the calls on one connection that an application has, or would have without us, to one Service port. Any thread.
 */
public final class CallerConnection {
    private final ServiceLoad service;
    private final long id;
    private final AtomicLong calls = new AtomicLong();
    private volatile boolean closed;

    // Confined to whoever takes.
    private long taken;
    private boolean told;

    CallerConnection(ServiceLoad service, long id) {
        this.service = service;
        this.id = id;
    }

    /** A call goes over it. */
    public void call() {
        calls.getAndIncrement();
    }

    /** It is closed; more than once is harmless. */
    public void close() {
        if (!closed) {
            closed = true;
            service.closed(this);
        }
    }

    /** Tells it from the others of its service in this process. */
    long id() {
        return id;
    }

    boolean isClosed() {
        return closed;
    }

    /** Calls since the last call of this. */
    long take() {
        long now = calls.get();
        long since = now - taken;
        taken = now;
        return since;
    }

    /** Whether it is told of for the first time; once. */
    boolean isNew() {
        boolean first = !told;
        told = true;
        return first;
    }
}
