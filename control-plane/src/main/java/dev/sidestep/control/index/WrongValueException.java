package dev.sidestep.control.index;

/** A value that cannot be used; its message continues "{@code key: "value" …}". Does not leave the package. */
final class WrongValueException extends RuntimeException {
    private static final long serialVersionUID = 1;

    WrongValueException(String message) {
        super(message);
    }
}
