package dev.sidestep.balancing;

import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is known of one name that was asked of discovery. Confined to the owner. */
final class Asked {
    /** How far the answer is. */
    enum State {
        /** Discovery may know an answer from disk: it tells so in its next turn. */
        ASKING,
        /** No answer yet. */
        UNANSWERED,
        /** No answer, though the stream was up for so long that none is to be waited for. */
        OVERDUE,
        /** There is no such name. */
        ABSENT,
        /** There is: see {@link #cluster}. */
        PRESENT
    }

    private final String name;
    private final Set<NamedDestination> users = new LinkedHashSet<>();
    private State state = State.ASKING;
    private @Nullable LiveCluster cluster;

    Asked(String name) {
        this.name = name;
    }

    String name() {
        return name;
    }

    Set<NamedDestination> users() {
        return users;
    }

    State state() {
        return state;
    }

    boolean isAnswered() {
        return state == State.ABSENT || state == State.PRESENT;
    }

    /** There in {@link State#PRESENT} alone. */
    @Nullable
    LiveCluster cluster() {
        return cluster;
    }

    /** Sets what is known now. */
    void set(State next, @Nullable LiveCluster present) {
        state = next;
        cluster = present;
    }
}
