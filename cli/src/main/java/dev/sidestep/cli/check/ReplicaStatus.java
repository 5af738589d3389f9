package dev.sidestep.cli.check;

import dev.sidestep.cli.cluster.Replicas;
import java.io.IOException;
import tools.jackson.databind.JsonNode;

/**
 * What a replica says of itself.
 *
 * @param pod its name
 * @param status its {@code /status}
 */
record ReplicaStatus(String pod, JsonNode status) {
    static ReplicaStatus ask(Replicas.Replica replica) throws IOException, InterruptedException {
        return new ReplicaStatus(replica.pod(), replica.admin().get("/status"));
    }

    String version() {
        return status.path("version").asString("unknown");
    }
}
