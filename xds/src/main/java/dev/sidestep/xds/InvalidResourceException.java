package dev.sidestep.xds;

/**
 * A resource that cannot be used as it came. It is an answer, not an accident: it becomes a NACK, so it has no stack
 * trace.
 */
public final class InvalidResourceException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What a hostile value may put into logs, NACKs and admin pages. */
    private static final int SHOWN_CHARS = 80;

    private final String resource;
    private final String field;
    private final String reason;

    public InvalidResourceException(String resource, String field, String reason) {
        super(null, null, /* enableSuppression= */ false, /* writableStackTrace= */ false);
        this.resource = resource;
        this.field = field;
        this.reason = reason;
    }

    /** {@code resource: field: reason}, fit for one line. */
    @Override
    public String getMessage() {
        return shown(resource) + ": " + (field.isEmpty() ? "" : field + ": ") + reason;
    }

    /** The resource's name, as it came. */
    public String resource() {
        return resource;
    }

    /** The field's path in the resource; "" if it could not be read at all. */
    public String field() {
        return field;
    }

    public String reason() {
        return reason;
    }

    /** {@code text} fit for one line: shortened, and without control characters. */
    static String shown(String text) {
        var line = new StringBuilder(Math.min(text.length(), SHOWN_CHARS + 3));
        for (int i = 0; i < text.length() && i < SHOWN_CHARS; i++) {
            char c = text.charAt(i);
            line.append(c >= ' ' && c <= '~' ? c : '?');
        }
        return text.length() <= SHOWN_CHARS
                ? line.toString()
                : line.append("...").toString();
    }
}
