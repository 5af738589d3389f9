package dev.sidestep.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the control plane's replicas say. */
public final class ControlPlanes {
    static final String NAMESPACE = "sidestep-system";
    static final int ADMIN = 16080;

    private ControlPlanes() {}

    /** How many attempts the clients of a namespace have reported, to all replicas; they report every 10 s. */
    public static long attempts(Cluster cluster, String namespace) throws IOException, InterruptedException {
        long attempts = 0;
        var json = JsonMapper.shared();
        for (Pod replica : cluster.pods(NAMESPACE, "app.kubernetes.io/name", "control-plane")) {
            try (var admin = AdminForward.open(cluster, replica, ADMIN)) {
                for (JsonNode service :
                        json.readTree(admin.read("load?namespace=" + namespace)).path("services")) {
                    for (JsonNode client : service.path("clients")) {
                        attempts += client.path("calls").path("issued").asLong();
                    }
                }
            }
        }
        return attempts;
    }
}
