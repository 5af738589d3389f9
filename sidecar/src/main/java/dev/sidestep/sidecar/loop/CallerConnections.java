package dev.sidestep.sidecar.loop;

import dev.sidestep.load.CallerConnection;
import dev.sidestep.load.ServiceLoad;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a client's connection to us would be without us: one connection to each Service that it calls. Confined to the
 * event loop.
 */
public final class CallerConnections {
    private @Nullable ServiceLoad lastCalled;
    private @Nullable CallerConnection last;
    private Map<ServiceLoad, CallerConnection> all = Map.of(); // Of most there is one.

    /** A call to {@code service} is over. */
    public void call(ServiceLoad service) {
        CallerConnection connection = last;
        if (connection == null || lastCalled != service) {
            if (!service.counts()) {
                return;
            }
            if (all.isEmpty()) {
                all = new HashMap<>(2);
            }
            connection = all.computeIfAbsent(service, ServiceLoad::connect);
            last = connection;
            lastCalled = service;
        }
        connection.call();
    }

    /** The client is gone. */
    public void close() {
        all.values().forEach(CallerConnection::close);
        all = Map.of();
        last = null;
        lastCalled = null;
    }
}
