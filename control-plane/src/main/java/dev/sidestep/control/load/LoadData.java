package dev.sidestep.control.load;

import java.util.List;
import java.util.Map;

/**
 * {@code /load}: what was measured, not yet judged; those of several replicas can be added up.
 *
 * @param seconds how far back it was asked for
 */
public record LoadData(double seconds, List<Service> services) {
    public LoadData {
        services = List.copyOf(services);
    }

    /**
     * One Service port.
     *
     * @param name {@code service.namespace:port}
     * @param seconds how far back the first report lies that counts here
     * @param affinity whether a client's connections all go to one pod ({@code sessionAffinity: ClientIP})
     * @param endpoints those that some caller may use now
     * @param calls attempts by {@code address:port}; by "" those of which nobody but kube-proxy knows the pod
     */
    public record Service(
            String name,
            double seconds,
            boolean affinity,
            List<Endpoint> endpoints,
            Map<String, Calls> calls,
            List<Client> clients) {
        public Service {
            endpoints = List.copyOf(endpoints);
            calls = Map.copyOf(calls);
            clients = List.copyOf(clients);
        }
    }

    /**
     * One that was there at the time.
     *
     * @param pod its name, or ""
     */
    public record Endpoint(String address, String pod) {}

    /**
     * Attempts.
     *
     * @param issued those begun
     * @param failed those that the server failed, or did not answer
     * @param inProgress those under way, when it was last reported
     * @param seconds from their begin to the first byte of their response, of all that succeeded or failed together
     */
    public record Calls(long issued, long succeeded, long failed, long inProgress, double seconds) {}

    /**
     * One process that calls.
     *
     * @param process tells the processes of one pod apart
     * @param mode the mode that holds for it and this Service; {@code SIDESTEP_MODE} of its own may be more cautious
     * @param usable which of the Service's endpoints it may use, by their places; empty: all
     * @param opened how many connections it opened
     * @param connections calls by connection
     * @param others connections that were reported together
     */
    public record Client(
            String namespace,
            String pod,
            String process,
            String agent,
            String mode,
            List<Integer> usable,
            Calls calls,
            long opened,
            Map<Long, Long> connections,
            List<Others> others) {
        public Client {
            usable = List.copyOf(usable);
            connections = Map.copyOf(connections);
            others = List.copyOf(others);
        }
    }

    /** Connections and the calls over all of them, about as many over each. */
    public record Others(long connections, long calls) {}
}
