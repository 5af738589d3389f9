package dev.sidestep.e2e;

/**
 * One line of the table.
 *
 * @param bar what was promised
 * @param seen what came of it, with figures
 */
public record Finding(String scenario, String what, String bar, String seen, Verdict verdict) {
    /** How it ended. */
    public enum Verdict {
        KEPT("yes"),
        BROKEN("NO"),
        NOT_RUN("not run"),
        /** A figure to read beside others; nothing was promised about it. */
        FIGURE("-");

        private final String text;

        Verdict(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }
}
