package dev.sidestep.cli.report;

import dev.sidestep.cli.cluster.AdminPort;
import dev.sidestep.cli.cluster.Replicas;
import dev.sidestep.control.load.LoadData;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the replicas of a control plane measured: each holds the reports of its own clients. */
public final class Measurements {
    private final JsonMapper json = new JsonMapper();
    private final String path;

    /**
     * Asks nobody yet.
     *
     * @param namespace of which Services; empty: of all
     * @param since how far back
     */
    public Measurements(Optional<String> namespace, Duration since) {
        path = "/load?since=" + since.toSeconds()
                + namespace
                        .map(name -> "&namespace=" + URLEncoder.encode(name, StandardCharsets.UTF_8))
                        .orElse("");
    }

    /**
     * From one control plane.
     *
     * @throws IOException if it does not answer, or is none; for the user
     */
    public LoadData of(AdminPort port) throws IOException, InterruptedException {
        JsonNode answer = port.get(path);
        if (!answer.has("services")) {
            throw new IOException(port.name() + " is no control plane; only a control plane holds reports");
        }
        return json.treeToValue(answer, LoadData.class);
    }

    /**
     * From all replicas of a cluster.
     *
     * @throws IOException if one of them does not answer: what is missing would not show; for the user
     */
    public List<LoadData> of(KubernetesClient client) throws IOException, InterruptedException {
        var all = new ArrayList<LoadData>();
        try (var replicas = Replicas.open(client)) {
            for (Replicas.Replica replica : replicas.all()) {
                all.add(of(replica.admin()));
            }
        }
        return all;
    }
}
