package dev.sidestep.cli.check;

import java.util.List;

/**
 * What one look found.
 *
 * @param subject what was looked at
 * @param said how it is
 * @param fix what to do about it; "" if all is well
 */
public record Finding(Level level, String subject, String said, String fix) {

    /** How bad it is. */
    public enum Level {
        OK("✓"),
        /** Works, and is worth knowing. */
        NOTE("!"),
        FAILED("✗");

        private final String mark;

        Level(String mark) {
            this.mark = mark;
        }
    }

    static Finding ok(String subject, String said) {
        return new Finding(Level.OK, subject, said, "");
    }

    static Finding note(String subject, String said, String fix) {
        return new Finding(Level.NOTE, subject, said, fix);
    }

    static Finding failed(String subject, String said, String fix) {
        return new Finding(Level.FAILED, subject, said, fix);
    }

    /** As an error's message. */
    public String oneLine() {
        return subject + ": " + said + (fix.isEmpty() ? "" : "; " + fix);
    }

    /** For people. */
    public List<String> lines() {
        String line = level.mark + " " + subject + ": " + said;
        return fix.isEmpty() ? List.of(line) : List.of(line, "    fix: " + fix);
    }
}
