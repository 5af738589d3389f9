package dev.sidestep.control.auth;

import java.io.IOException;

/** Where the CAs are kept, for all replicas. May block. */
interface AuthorityStore {
    /**
     * What is kept.
     *
     * @param version to say on top of what something is written; "" if nothing is kept yet
     */
    record Kept(Succession succession, String version) {}

    /**
     * Reads what is kept.
     *
     * @throws IOException if it cannot be read; one line with the thing, the reason and the fix
     */
    Kept read() throws IOException;

    /**
     * Puts {@code next} in the place of {@code before}.
     *
     * @return false if somebody else has put something there meanwhile
     * @throws IOException as {@link #read}
     */
    boolean write(Kept before, Succession next) throws IOException;
}
