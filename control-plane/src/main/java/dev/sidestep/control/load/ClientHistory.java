package dev.sidestep.control.load;

import dev.sidestep.load.LoadReport;
import dev.sidestep.load.LoadReport.Calls;
import dev.sidestep.load.LoadReport.Others;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What one process sent to one Service port, by time. Confined to the store's owner. */
final class ClientHistory {
    /** Connections told together are kept apart by the power of two of their calls. */
    private static final int MOST_OTHERS = Long.SIZE + 1;

    /** A stretch of time; most have no connection, and so no map for them. */
    private static final class Slot {
        private final long startNanos;
        private Calls calls = Sums.NONE;
        private Map<Long, Long> connections = Map.of();
        private List<Others> others = List.of();
        private long opened;

        Slot(long startNanos) {
            this.startNanos = startNanos;
        }
    }

    private final Deque<Slot> slots = new ArrayDeque<>();

    /**
     * Adds a report.
     *
     * @param slotNanos the length of a slot
     * @param room how many more connections may be remembered one by one
     * @return how many are, more than before
     */
    int add(LoadReport report, long nowNanos, long slotNanos, int room) {
        Slot slot = slots.peekLast();
        if (slot == null || nowNanos - slot.startNanos >= slotNanos) {
            slot = new Slot(nowNanos);
            slots.addLast(slot);
        }
        slot.calls = Sums.inTime(
                slot.calls,
                Sums.of(report.endpoints().stream()
                        .map(LoadReport.Endpoint::calls)
                        .toList()));
        int added = 0;
        for (LoadReport.Connection connection : report.connections()) {
            slot.opened += connection.opened() ? 1 : 0;
            Long before = slot.connections.get(connection.id());
            if (before == null && added >= room) {
                addOthers(slot, new Others(1, 0, connection.calls()));
            } else {
                if (slot.connections.isEmpty()) {
                    slot.connections = new HashMap<>();
                }
                slot.connections.put(connection.id(), connection.calls() + (before == null ? 0 : before));
                added += before == null ? 1 : 0;
            }
        }
        for (Others others : report.others()) {
            slot.opened += others.opened();
            addOthers(slot, others);
        }
        return added;
    }

    private static void addOthers(Slot slot, Others more) {
        if (more.connections() == 0) {
            return;
        }
        if (slot.others.isEmpty()) {
            slot.others = new ArrayList<>(1);
        }
        for (int i = 0; i < slot.others.size(); i++) {
            Others there = slot.others.get(i);
            if (magnitude(there) == magnitude(more) || i == MOST_OTHERS - 1) {
                slot.others.set(
                        i, new Others(there.connections() + more.connections(), 0, there.calls() + more.calls()));
                return;
            }
        }
        slot.others.add(new Others(more.connections(), 0, more.calls()));
    }

    private static int magnitude(Others others) {
        return Long.numberOfLeadingZeros(others.calls() / others.connections());
    }

    /**
     * Forgets what is older than {@code keptNanos}.
     *
     * @return how many connections fewer are remembered one by one
     */
    int forget(long nowNanos, long keptNanos) {
        int forgotten = 0;
        while (!slots.isEmpty() && nowNanos - slots.getFirst().startNanos > keptNanos) {
            forgotten += slots.removeFirst().connections.size();
        }
        return forgotten;
    }

    boolean isEmpty() {
        return slots.isEmpty();
    }

    /** All that was told in slots that began at {@code sinceNanos} or later. */
    Total since(long sinceNanos) {
        Calls calls = Sums.NONE;
        Map<Long, Long> connections = new HashMap<>();
        var others = new ArrayList<Others>();
        long opened = 0;
        for (Slot slot : slots) {
            if (slot.startNanos - sinceNanos >= 0) {
                calls = Sums.inTime(calls, slot.calls);
                slot.connections.forEach((id, more) -> connections.merge(id, more, Long::sum));
                others.addAll(slot.others);
                opened += slot.opened;
            }
        }
        return new Total(calls, connections, others, opened);
    }

    /**
     * A sum over time.
     *
     * @param connections calls by connection
     * @param others connections that are not told one by one
     * @param opened how many connections were opened
     */
    record Total(Calls calls, Map<Long, Long> connections, List<Others> others, long opened) {}
}
