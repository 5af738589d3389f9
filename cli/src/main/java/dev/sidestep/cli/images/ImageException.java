package dev.sidestep.cli.images;

/** An image could not be made; the message is one line for the user: the thing, the reason, the fix. */
public final class ImageException extends Exception {
    private static final long serialVersionUID = 1L;

    ImageException(String message) {
        super(message);
    }

    ImageException(String message, Throwable cause) {
        super(message, cause);
    }
}
