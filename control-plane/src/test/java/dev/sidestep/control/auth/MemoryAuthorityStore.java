package dev.sidestep.control.auth;

import java.io.IOException;

/** A store that several keepers share, and that can be away. */
final class MemoryAuthorityStore implements AuthorityStore {
    boolean away;
    int writes;

    /** Runs once between the next read and the write that follows it. */
    Runnable meanwhile = () -> {};

    private Succession kept = Succession.NONE;
    private int version;

    @Override
    public Kept read() throws IOException {
        if (away) {
            throw new IOException("Secret test/ca: the API server cannot be asked");
        }
        return new Kept(kept, version == 0 ? "" : Integer.toString(version));
    }

    @Override
    public boolean write(Kept before, Succession next) throws IOException {
        Runnable first = meanwhile;
        meanwhile = () -> {};
        first.run();
        if (away) {
            throw new IOException("Secret test/ca: the API server cannot be asked");
        }
        if (!before.version().equals(version == 0 ? "" : Integer.toString(version))) {
            return false;
        }
        kept = next;
        version++;
        writes++;
        return true;
    }
}
