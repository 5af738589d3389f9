package dev.sidestep.control.load;

import dev.sidestep.load.LoadReport;
import dev.sidestep.load.LoadReport.Calls;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/** What all processes together sent to each endpoint of one Service port, by time. Confined to the store's owner. */
final class ServiceHistory {
    private record Slot(long startNanos, Map<String, Calls> endpoints) {}

    /** Endpoints that a Service may have, and more: a bound on what false reports cost. */
    private static final int MOST_ENDPOINTS = 10_000;

    private final Deque<Slot> slots = new ArrayDeque<>();
    private final Map<Reporter, ClientHistory> clients = new HashMap<>();

    Map<Reporter, ClientHistory> clients() {
        return clients;
    }

    void add(LoadReport report, long nowNanos, long slotNanos) {
        Slot slot = slots.peekLast();
        if (slot == null || nowNanos - slot.startNanos() >= slotNanos) {
            slot = new Slot(nowNanos, new HashMap<>());
            slots.addLast(slot);
        }
        for (LoadReport.Endpoint endpoint : report.endpoints()) {
            if (slot.endpoints().size() < MOST_ENDPOINTS || slot.endpoints().containsKey(endpoint.address())) {
                slot.endpoints().merge(endpoint.address(), endpoint.calls(), Sums::inTime);
            }
        }
    }

    void forget(long nowNanos, long keptNanos) {
        while (!slots.isEmpty() && nowNanos - slots.getFirst().startNanos() > keptNanos) {
            slots.removeFirst();
        }
    }

    /** When the first slot began that begins at {@code sinceNanos} or later; {@code nowNanos} if none did. */
    long firstSince(long sinceNanos, long nowNanos) {
        for (Slot slot : slots) {
            if (slot.startNanos() - sinceNanos >= 0) {
                return slot.startNanos();
            }
        }
        return nowNanos;
    }

    /** Attempts by {@code address:port}, "" where nobody knows, in slots that began at {@code sinceNanos} or later. */
    Map<String, Calls> since(long sinceNanos) {
        Map<String, Calls> endpoints = new HashMap<>();
        for (Slot slot : slots) {
            if (slot.startNanos() - sinceNanos >= 0) {
                slot.endpoints().forEach((address, calls) -> endpoints.merge(address, calls, Sums::inTime));
            }
        }
        return endpoints;
    }
}
