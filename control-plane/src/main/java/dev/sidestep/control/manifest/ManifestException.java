package dev.sidestep.control.manifest;

/** An object that cannot be used; its message is {@code field: reason}.  */
public final class ManifestException extends Exception {
    private static final long serialVersionUID = 1;

    public ManifestException(String message) {
        super(message);
    }

    static ManifestException at(String path, String reason) {
        return new ManifestException((path.isEmpty() ? "" : path + ": ") + reason);
    }
}
