package dev.sidestep.sidecar.http1;

import dev.sidestep.sidecar.loop.Target;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one client for what goes where it was going, by where that is: each client has its own, as it would
 * without us. Of most clients there is one. Confined to the client's event loop.
 */
final class DirectConnections {
    /** A client that knows us as its proxy may send requests for several hosts over one connection. */
    private static final int MOST = 8;

    private final Map<Target, Upstream> idle = new LinkedHashMap<>(2);
    private boolean closed;

    /** The one that last carried a request to {@code target}, which is no longer kept here; null if it is gone. */
    @Nullable
    Upstream take(Target target) {
        Upstream standing = idle.remove(target);
        if (standing == null || standing.channel().isActive()) {
            return standing;
        }
        standing.channel().close();
        return null;
    }

    /** Keeps one for the next request to {@code target}; too many, and the eldest is closed. */
    void keep(Target target, Upstream upstream) {
        if (closed) {
            upstream.channel().close();
            return;
        }
        idle.put(target, upstream);
        if (idle.size() > MOST) {
            Iterator<Upstream> eldest = idle.values().iterator();
            eldest.next().channel().close();
            eldest.remove();
        }
    }

    /** Requests to {@code target} are balanced now, and need no connection of the client's own. */
    void drop(Target target) {
        if (!idle.isEmpty()) {
            Upstream unused = idle.remove(target);
            if (unused != null) {
                unused.channel().close();
            }
        }
    }

    /** Somebody else has {@code upstream} now. */
    void release(Upstream upstream) {
        idle.values().remove(upstream);
    }

    /** Closes them, and whatever is to be kept later. */
    void close() {
        closed = true;
        idle.values().forEach(upstream -> upstream.channel().close());
        idle.clear();
    }
}
