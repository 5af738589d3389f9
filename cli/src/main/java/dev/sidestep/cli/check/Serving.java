package dev.sidestep.cli.check;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** What the replicas say: versions, what is wrong with what they read, and whom they serve. */
final class Serving implements Check {
    private static final int PROBLEMS_SHOWN = 5;

    private final List<ReplicaStatus> replicas;
    private final String cliVersion;

    Serving(List<ReplicaStatus> replicas, String cliVersion) {
        this.replicas = replicas;
        this.cliVersion = cliVersion;
    }

    @Override
    public String subject() {
        return "serving";
    }

    @Override
    public List<Finding> look() {
        List<Finding> findings = new ArrayList<>();
        findings.add(version(replicas, cliVersion));
        findings.addAll(source(replicas));
        findings.addAll(clients(replicas));
        return findings;
    }

    static Finding version(List<ReplicaStatus> replicas, String cliVersion) {
        String subject = "version";
        Set<String> versions =
                replicas.stream().map(ReplicaStatus::version).collect(Collectors.toCollection(TreeSet::new));
        if (versions.size() > 1) {
            return Finding.note(
                    subject,
                    "the replicas are of versions " + String.join(" and ", versions),
                    "wait for the rollout to end: kubectl rollout status -n sidestep-system deployment/control-plane");
        }
        String version = versions.iterator().next();
        return version.equals(cliVersion)
                ? Finding.ok(subject, version)
                : Finding.note(
                        subject,
                        "the control plane is " + version + ", this command is " + cliVersion,
                        "use the command of the control plane's version, or upgrade the control plane");
    }

    static List<Finding> source(List<ReplicaStatus> replicas) {
        String subject = "Kubernetes API";
        List<String> problems = replicas.stream()
                .flatMap(replica -> replica.status().path("problems").valueStream())
                .map(JsonNode::asString)
                .distinct()
                .sorted()
                .toList();
        if (problems.isEmpty()) {
            int services = replicas.stream()
                    .mapToInt(replica -> replica.status().path("services").size())
                    .max()
                    .orElse(0);
            return List.of(Finding.ok(subject, "all of it is read; " + services + " Service ports"));
        }
        List<Finding> findings = new ArrayList<>();
        problems.stream()
                .limit(PROBLEMS_SHOWN)
                .forEach(problem -> findings.add(
                        Finding.note(subject, problem, "mend the object; till then its last good form serves")));
        if (problems.size() > PROBLEMS_SHOWN) {
            findings.add(Finding.note(
                    subject, "and " + (problems.size() - PROBLEMS_SHOWN) + " more", "sidestep status shows all"));
        }
        return findings;
    }

    static List<Finding> clients(List<ReplicaStatus> replicas) {
        String subject = "clients";
        List<Finding> findings = new ArrayList<>();
        int connected = 0;
        for (ReplicaStatus replica : replicas) {
            for (JsonNode client : replica.status().path("clients")) {
                connected++;
                client.path("types")
                        .valueStream()
                        .map(type -> type.path("refused"))
                        .filter(refused -> !refused.isEmpty())
                        .forEach(refused -> findings.add(Finding.note(
                                subject,
                                name(client) + " refused " + refused.path("resources") + ": "
                                        + refused.path("reason").asString(""),
                                "it goes on with the last it accepted; update it, or mend what the reason names")));
            }
        }
        findings.add(0, Finding.ok(subject, connected + " connected"));
        return findings;
    }

    private static String name(JsonNode client) {
        String pod = client.path("pod").asString("");
        return pod.isEmpty()
                ? client.path("id").asString("a client")
                : client.path("namespace").asString("") + "/" + pod;
    }
}
