package dev.sidestep.cli.report;

import dev.sidestep.cli.cluster.Table;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Who is connected to a control plane, over all its replicas. Used by one thread. */
public final class ClientList {
    private static final List<String> HEAD =
            List.of("NAMESPACE", "POD", "SOFTWARE", "NODE", "ZONE", "CONNECTED", "REPLICA", "FOLLOWS", "STATE");

    /**
     * One stream.
     *
     * @param software the client's, with its version
     * @param follows how many names it asks for
     * @param waiting how many names are to be sent as soon as it reads
     * @param unacknowledged responses that it neither took nor refused yet
     * @param refused what it refused last, with its reason, until it took something newer; "" if nothing
     */
    public record Client(
            String namespace,
            String pod,
            String software,
            String node,
            String zone,
            long connectedSeconds,
            String replica,
            int follows,
            int waiting,
            int unacknowledged,
            String refused) {}

    private final Optional<String> namespace;
    private final List<Client> clients = new ArrayList<>();

    /** @param namespace whose clients count; empty: all */
    public ClientList(Optional<String> namespace) {
        this.namespace = namespace;
    }

    /**
     * Adds those of one replica.
     *
     * @param status what its {@code /status} says
     * @throws IOException if that is no control plane's; for the user
     */
    public void add(String replica, JsonNode status) throws IOException {
        if (!status.path("clients").isArray()) {
            throw new IOException(replica + " is no control plane; only a control plane has clients");
        }
        status.path("clients")
                .valueStream()
                .map(client -> client(replica, client))
                .filter(client -> namespace.isEmpty() || namespace.get().equals(client.namespace()))
                .forEach(clients::add);
    }

    private static Client client(String replica, JsonNode client) {
        int follows = 0;
        int unacknowledged = 0;
        var refused = new ArrayList<String>();
        for (JsonNode type : client.path("types").valueStream().toList()) {
            follows += type.path("subscribed").asInt(0);
            unacknowledged += type.path("unacknowledged").asInt(0);
            JsonNode refusal = type.path("refused");
            if (refusal.isObject()) {
                refused.add(refusal.path("resources")
                                .valueStream()
                                .map(name -> name.asString(""))
                                .toList()
                        + ": " + refusal.path("reason").asString(""));
            }
        }
        String pod = client.path("pod").asString("");
        return new Client(
                client.path("namespace").asString(""),
                pod.isEmpty() ? client.path("id").asString("") : pod,
                client.path("agent").asString(""),
                client.path("node").asString(""),
                client.path("zone").asString(""),
                client.path("connectedSeconds").asLong(0),
                replica,
                follows,
                client.path("waiting").asInt(0),
                unacknowledged,
                String.join("; ", refused));
    }

    /** All, by namespace and pod. */
    public List<Client> clients() {
        return clients.stream()
                .sorted(Comparator.comparing(Client::namespace)
                        .thenComparing(Client::pod)
                        .thenComparing(Client::software))
                .toList();
    }

    /** The same for people. */
    public List<String> lines() {
        if (clients.isEmpty()) {
            return List.of("no client is connected"
                    + namespace.map(name -> " from namespace " + name).orElse(""));
        }
        return Table.of(HEAD, clients().stream().map(ClientList::row).toList());
    }

    private static List<String> row(Client client) {
        Duration connected = Duration.ofSeconds(client.connectedSeconds());
        return List.of(
                client.namespace(),
                client.pod(),
                client.software(),
                orDash(client.node()),
                orDash(client.zone()),
                connected.toHours() > 0
                        ? connected.toHours() + "h" + connected.toMinutesPart() + "m"
                        : connected.toMinutes() + "m" + connected.toSecondsPart() + "s",
                client.replica(),
                Integer.toString(client.follows()),
                state(client));
    }

    private static String state(Client client) {
        if (!client.refused().isEmpty()) {
            return "refused " + client.refused();
        }
        return client.waiting() + client.unacknowledged() == 0
                ? "acknowledged all"
                : client.waiting() + " to be sent, " + client.unacknowledged() + " not acknowledged yet";
    }

    private static String orDash(String text) {
        return text.isEmpty() ? "-" : text;
    }
}
