package dev.sidestep.discovery;

import dev.sidestep.xds.proto.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a process keeps what it knew, for the next one that starts while there is no control plane. Whatever goes wrong
 * here is one warning, and a start from nothing. Any thread.
 */
public final class SnapshotStore {
    private record Write(Snapshot snapshot, boolean durable) {}

    private static final Logger LOG = LoggerFactory.getLogger(SnapshotStore.class);

    /** A temporary file this old has no writer any more. */
    private static final Duration LEFTOVER = Duration.ofMinutes(1);

    private final SnapshotFile file;
    private final InstantSource clock;
    private final Executor io;
    private final AtomicReference<@Nullable Write> waiting = new AtomicReference<>();
    private volatile boolean failing;

    /**
     * Touches nothing before it is handed to a {@link DiscoveryClient}.
     *
     * @param file one for every process that may run at a time; its folder is made when it is missing
     * @param clock the time of day, which holds across restarts
     * @param io runs what waits for the disk, one task after the other
     */
    public SnapshotStore(Path file, InstantSource clock, Executor io) {
        this.file = new SnapshotFile(file);
        this.clock = clock;
        this.io = io;
    }

    Instant now() {
        return clock.instant();
    }

    /** How long ago {@code heldAt} was. A clock that was put back says nothing, so that counts as long. */
    Duration age(Instant heldAt) {
        Duration age = Duration.between(heldAt, clock.instant());
        return age.isNegative() ? Duration.ofDays(1) : age;
    }

    /** What a process of this namespace wrote; empty, with a warning if it should not be, when there is nothing to use. */
    Optional<Snapshot> read(String namespace) {
        try {
            file.removeLeftovers(clock.instant().minus(LEFTOVER).toEpochMilli());
            Optional<Snapshot> read = file.read();
            if (read.isPresent() && !read.get().getNamespace().equals(namespace)) {
                throw new SnapshotFile.UnusableException("it is of another namespace");
            }
            return read;
        } catch (IOException | SnapshotFile.UnusableException e) {
            unusable(e.toString());
            return Optional.empty();
        }
    }

    void unusable(String reason) {
        LOG.warn(
                "snapshot {} is not used: {}; starting without it, it is replaced once the control plane has answered",
                file.path(),
                reason);
    }

    /** Writes {@code snapshot} soon; of several that wait, the latest. */
    void write(Snapshot snapshot, boolean durable) {
        Write before =
                waiting.getAndUpdate(earlier -> new Write(snapshot, durable || (earlier != null && earlier.durable())));
        if (before != null) {
            return;
        }
        try {
            io.execute(this::writeWaiting);
        } catch (RejectedExecutionException processIsEnding) {
            waiting.set(null); // The file is there already, if a little older.
        }
    }

    private void writeWaiting() {
        Write write = waiting.getAndSet(null);
        if (write == null) {
            return;
        }
        try {
            file.write(write.snapshot(), write.durable());
            failing = false;
        } catch (IOException | RuntimeException e) {
            if (!failing) { // Once per disturbance, not with every change.
                LOG.warn(
                        "snapshot {} cannot be written: {}; a restart without a control plane will start from nothing",
                        file.path(),
                        e.toString());
            }
            failing = true;
        }
    }
}
