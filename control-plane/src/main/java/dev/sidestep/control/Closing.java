package dev.sidestep.control;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What was started, to be closed in the opposite order. Filled by one thread; closed by any, later. */
final class Closing implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

    private final Deque<AutoCloseable> started = new ArrayDeque<>();

    /** Closes it before all that were given earlier. */
    <T extends AutoCloseable> T first(T resource) {
        started.push(resource);
        return resource;
    }

    /** Closes everything; what cannot be closed is logged and passed over. */
    @Override
    public void close() {
        while (!started.isEmpty()) {
            try {
                started.pop().close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                LOG.warn("could not be closed", e);
            }
        }
    }
}
