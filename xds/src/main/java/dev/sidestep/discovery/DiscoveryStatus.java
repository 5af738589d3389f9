package dev.sidestep.discovery;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How discovery is doing, at one moment, to be shown to people.
 *
 * @param connectedFor how long the stream has been up; empty while it is down
 * @param attempts how often it was tried to open one since the last good answer
 * @param lastError why the last stream ended; "" if none did
 * @param types what was answered, by type URL
 * @param resources what is known, by name
 * @param unanswered names that are asked for and have no resource
 */
public record DiscoveryStatus(
        Optional<Duration> connectedFor,
        int attempts,
        String lastError,
        Map<String, Type> types,
        List<Resource> resources,
        List<String> unanswered) {

    /**
     * Answers of one type, over all streams.
     *
     * @param nonce the last answer's
     * @param accepted how many were good
     * @param refused how many were not
     * @param lastRefusal why the last one was refused; "" if none was
     */
    public record Type(String nonce, long accepted, long refused, String lastRefusal) {
        static final Type NONE = new Type("", 0, 0, "");

        Type accept(String latestNonce) {
            return new Type(latestNonce, accepted + 1, refused, lastRefusal);
        }

        Type refuse(String latestNonce, String reason) {
            return new Type(latestNonce, accepted, refused + 1, reason);
        }
    }

    /**
     * One resource that is in use.
     *
     * @param names what it was asked for by
     * @param diskAge how long ago it was last known to hold, if it is from disk; empty if it came on a stream
     */
    public record Resource(String name, String version, List<String> names, Optional<Duration> diskAge) {}

    public DiscoveryStatus {
        types = Map.copyOf(types);
        resources = List.copyOf(resources);
        unanswered = List.copyOf(unanswered);
    }
}
