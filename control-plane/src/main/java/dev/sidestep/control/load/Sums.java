package dev.sidestep.control.load;

import dev.sidestep.load.LoadReport.Calls;
import java.util.Collection;

/** Adds calls up. */
final class Sums {
    static final Calls NONE = new Calls(0, 0, 0, 0, 0);

    private Sums() {}

    /** Of two stretches of time; in progress are those of the later one. */
    static Calls inTime(Calls before, Calls more) {
        return new Calls(
                before.issued() + more.issued(),
                before.succeeded() + more.succeeded(),
                before.failed() + more.failed(),
                more.inProgress(),
                before.nanos() + more.nanos());
    }

    /** Of several at the same time. */
    static Calls of(Collection<Calls> parts) {
        return parts.stream()
                .reduce(
                        NONE,
                        (one, other) -> new Calls(
                                one.issued() + other.issued(),
                                one.succeeded() + other.succeeded(),
                                one.failed() + other.failed(),
                                one.inProgress() + other.inProgress(),
                                one.nanos() + other.nanos()));
    }
}
