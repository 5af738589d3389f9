package dev.sidestep.control.load;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * {@code sidestep report}: what each Service's pods got, and would have got otherwise.
 *
 * @param replicas how many replicas of the control plane were asked
 * @param services those that were called, by name
 */
public record TrafficReport(int replicas, List<Service> services) {
    public TrafficReport {
        services = List.copyOf(services);
    }

    /**
     * One Service port. Of pods, those count that may be called now.
     *
     * @param seconds the time that it is about
     * @param modes the modes that hold for its callers now
     * @param clients processes that called it
     * @param calls attempts on it; measured
     * @param failed those that the server failed, or did not answer; measured
     * @param inProgress those under way; measured
     * @param meanMillis from their begin to the first byte of their response; measured; 0 of none
     * @param connections the connections of the applications; measured; empty if no client knows any
     * @param measured how the calls of which the pod is known were spread; empty if there are none
     * @param computed what becomes of the calls of which the connection is known; empty if there are none
     * @param notes what to know when reading it
     */
    public record Service(
            String name,
            double seconds,
            Set<String> modes,
            int clients,
            long calls,
            long failed,
            long inProgress,
            double meanMillis,
            Optional<Connections> connections,
            int pods,
            Optional<Measured> measured,
            Optional<Computed> computed,
            List<String> notes) {}

    /**
     * The connections of applications to one Service port.
     *
     * @param count those that stood at some time
     * @param opened those that were opened
     * @param calls over all of them
     * @param callsEach over one of them, on average
     * @param busiest the most calls over one
     */
    public record Connections(long count, long opened, long calls, double callsEach, long busiest) {}

    /**
     * How calls were really spread.
     *
     * @param calls of how many the pod is known
     * @param busiest the calls of the busiest pod, in means over all pods
     * @param idlePods pods that got none
     * @param byPod calls by pod, the busiest first
     */
    public record Measured(long calls, double busiest, int idlePods, List<Pod> byPod) {}

    /**
     * A pod, and how many calls it got.
     *
     * @param pod its name, or its address
     */
    public record Pod(String pod, long calls) {}

    /**
     * How the measured calls over the measured connections are spread by either rule: repeated with random numbers from a
     * fixed seed.
     *
     * @param calls how many they are
     * @param repetitions how often it was tried
     * @param kubeProxy each connection to a random pod, with all its calls
     * @param sidestep the calls of each client to the pods in turn
     */
    public record Computed(long calls, int repetitions, Spread kubeProxy, Spread sidestep) {}

    /**
     * How calls are spread by one rule.
     *
     * @param busiest the calls of the busiest pod, in means over all pods
     */
    public record Spread(Range busiest, Range idlePods) {}

    /** The middle of all repetitions, and where 90 of 100 of them lie. */
    public record Range(double median, double low, double high) {}
}
