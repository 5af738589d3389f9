package dev.sidestep.control.directory;

/** A document that cannot be used; its message is {@code field: reason}. Does not leave the package. */
final class ManifestException extends Exception {
    private static final long serialVersionUID = 1;

    ManifestException(String message) {
        super(message);
    }

    static ManifestException at(String path, String reason) {
        return new ManifestException((path.isEmpty() ? "" : path + ": ") + reason);
    }
}
