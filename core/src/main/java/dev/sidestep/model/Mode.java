package dev.sidestep.model;

/** How much Sidestep does; {@code sidestep.dev/mode}. Ordered from the least cautious to the most. */
public enum Mode {
    /** Every request is balanced. */
    BALANCE,
    /** Connections go where they were going; calls are only counted. */
    OBSERVE,
    /** Everything goes where it was going. */
    OFF;

    /** Of the two axes, caller's and destination's, the more cautious one holds. */
    public static Mode mostCautious(Mode caller, Mode destination) {
        return caller.compareTo(destination) >= 0 ? caller : destination;
    }
}
