package dev.sidestep.control.ads;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One stream, for {@code /status}.
 *
 * @param protocol {@code delta} or {@code sotw}
 * @param identity who it is, as its token proves; "" on the plaintext port
 * @param connectedSeconds since when
 * @param waiting how many names are to be sent when the client reads again
 */
public record ClientStatus(
        String id,
        String namespace,
        String pod,
        String node,
        String zone,
        String agent,
        String peer,
        String identity,
        String protocol,
        long connectedSeconds,
        int waiting,
        List<Type> types) {

    /**
     * One type of resources on a stream.
     *
     * @param subscribed how many names the client asks for
     * @param unacknowledged responses that were neither accepted nor refused yet
     * @param lastAcknowledged the nonce of the last response that was accepted
     * @param acknowledged the version of each resource that was accepted last
     * @param refused the last response that was refused, until its resources are accepted
     */
    public record Type(
            String type,
            int subscribed,
            int unacknowledged,
            String lastAcknowledged,
            Map<String, String> acknowledged,
            Optional<Refusal> refused) {}

    /** A NACK: which resources the response had, and what the client has against it. */
    public record Refusal(List<String> resources, String reason) {
        boolean concerns(String name) {
            return resources.contains(name);
        }
    }
}
