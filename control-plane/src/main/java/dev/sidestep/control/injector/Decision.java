package dev.sidestep.control.injector;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * What becomes of a pod.
 *
 * @param pod the pod as it shall be; as it was where nothing shall change
 * @param mode what it got, {@code agent}, {@code sidecar}, {@code proxy}, {@code grpc}, {@code sidecar-and-agent}, or
 *     {@code none}
 * @param rule what kept it from what it asked for
 * @param reason for people: all that is not as asked, one clause each; "" if all is
 * @param complaints wrong values that were ignored, one line each
 */
public record Decision(
        Result result, ObjectNode pod, String mode, Optional<Rule> rule, String reason, List<String> complaints) {

    /** In three words. */
    public enum Result {
        INJECTED,
        /** It asked, and a rule spoke against it; the pod says so in its status. */
        DECLINED,
        /** It did not ask, or it asked not to be. */
        LEFT_ALONE
    }

    public Decision {
        complaints = List.copyOf(complaints);
    }

    /** Whether somebody should hear of it: not as asked, or asked for something that does not exist. */
    public boolean isWorthAnEvent() {
        return result != Result.LEFT_ALONE && (rule.isPresent() || !complaints.isEmpty());
    }
}
