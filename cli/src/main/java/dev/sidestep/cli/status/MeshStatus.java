package dev.sidestep.cli.status;

import dev.sidestep.cli.cluster.Table;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code sidestep status}.
 *
 * @param controlPlane its replicas; empty if they could not be asked
 * @param trouble why they could not be asked; "" if they were
 * @param workloads those with a pod that is injected, asks for it or is connected, by namespace and name
 * @param otherClients clients that are no pod of these workloads
 */
public record MeshStatus(List<Replica> controlPlane, String trouble, List<Workload> workloads, int otherClients) {

    /** The pod of a client, by namespace and name. */
    public record ClientPod(String namespace, String pod) {}

    /**
     * A replica of the control plane.
     *
     * @param clients how many are connected to it
     * @param problems what is wrong with what it reads
     */
    public record Replica(String pod, String node, String version, boolean ready, int clients, List<String> problems) {}

    /**
     * A workload.
     *
     * @param asking how many of its pods ask for injection, or are injected
     * @param injected how many are injected
     * @param as how: {@code agent}, {@code sidecar}, {@code proxy}, {@code grpc}
     * @param connected how many pods have a stream to a control plane
     * @param notes what one should know, with the fix
     */
    public record Workload(
            String namespace,
            String name,
            int asking,
            int injected,
            Set<String> as,
            Set<String> versions,
            int connected,
            List<String> notes) {

        /** Whether all is as asked for. */
        public boolean complete() {
            return injected == asking;
        }
    }

    /** Sorts {@code pods} into workloads. */
    public static MeshStatus of(
            List<Replica> controlPlane, String trouble, Collection<PodFacts> pods, Collection<ClientPod> clients) {
        Set<ClientPod> connected = Set.copyOf(clients);
        var byWorkload = new TreeMap<String, List<PodFacts>>();
        var ours = new LinkedHashSet<ClientPod>();
        for (PodFacts pod : pods) {
            var client = new ClientPod(pod.namespace(), pod.name());
            if (pod.asked() || pod.injectedAs().isPresent() || connected.contains(client)) {
                ours.add(client);
                byWorkload
                        .computeIfAbsent(pod.namespace() + " " + pod.workload(), workload -> new ArrayList<>())
                        .add(pod);
            }
        }
        List<Workload> workloads =
                byWorkload.values().stream().map(of -> workload(of, connected)).toList();
        int others = (int) clients.stream().filter(each -> !ours.contains(each)).count();
        return new MeshStatus(List.copyOf(controlPlane), trouble, workloads, others);
    }

    private static Workload workload(List<PodFacts> pods, Set<ClientPod> connected) {
        PodFacts any = pods.get(0);
        List<PodFacts> injected =
                pods.stream().filter(pod -> pod.injectedAs().isPresent()).toList();
        return new Workload(
                any.namespace(),
                any.workload(),
                (int) pods.stream()
                        .filter(pod -> pod.asked() || pod.injectedAs().isPresent())
                        .count(),
                injected.size(),
                sorted(injected.stream().map(pod -> pod.injectedAs().orElseThrow())),
                sorted(injected.stream().map(PodFacts::version).filter(version -> !version.isEmpty())),
                (int) pods.stream()
                        .filter(pod -> connected.contains(new ClientPod(pod.namespace(), pod.name())))
                        .count(),
                notes(pods));
    }

    private static List<String> notes(List<PodFacts> pods) {
        List<String> notes = new ArrayList<>();
        pods.stream()
                .filter(pod -> pod.asked() && pod.injectedAs().isEmpty())
                .collect(Collectors.groupingBy(PodFacts::reason, TreeMap::new, Collectors.counting()))
                .forEach((reason, count) -> notes.add(
                        count + " labelled, not injected: " + (reason.isEmpty() ? unseen(pods.get(0)) : reason)));
        pods.stream()
                .filter(pod -> pod.injectedAs().isPresent())
                .map(PodFacts::reason)
                .filter(reason -> !reason.isEmpty())
                .distinct()
                .sorted()
                .forEach(notes::add);
        pods.stream()
                .map(PodFacts::mode)
                .filter(mode -> !mode.isEmpty() && !mode.equals("balance"))
                .distinct()
                .forEach(mode -> notes.add("mode " + mode));
        return notes;
    }

    /** The injector leaves a word on every pod that it is shown. */
    private static String unseen(PodFacts pod) {
        String again = pod.workload().matches("(deployment|statefulset|daemonset)/.*")
                ? "kubectl rollout restart -n " + pod.namespace() + " " + pod.workload()
                : "delete it and make it again";
        return "made before the label, or while no control plane answered; " + again;
    }

    private static Set<String> sorted(Stream<String> words) {
        return words.collect(Collectors.toCollection(TreeSet::new));
    }

    /** For people. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        if (trouble.isEmpty()) {
            lines.addAll(Table.of(
                    List.of("CONTROL PLANE", "NODE", "VERSION", "READY", "CLIENTS"),
                    controlPlane.stream().map(MeshStatus::row).toList()));
            controlPlane.stream()
                    .flatMap(replica -> replica.problems().stream())
                    .distinct()
                    .forEach(problem -> lines.add("problem: " + problem));
        } else {
            lines.add("control plane: " + trouble);
        }
        lines.add("");
        if (workloads.isEmpty()) {
            lines.add("no pod asks for Sidestep; kubectl label namespace NAME sidestep.dev/inject=enabled");
        } else {
            lines.addAll(Table.of(
                    List.of("NAMESPACE", "WORKLOAD", "INJECTED", "AS", "VERSION", "CONNECTED", "NOTE"),
                    workloads.stream().map(this::row).toList()));
        }
        if (otherClients > 0) {
            lines.add("");
            lines.add("and " + otherClients + (otherClients == 1 ? " client" : " clients")
                    + " that are no injected pods of these namespaces");
        }
        return lines;
    }

    private static List<String> row(Replica replica) {
        return List.of(
                replica.pod(),
                replica.node(),
                replica.version(),
                replica.ready() ? "yes" : "no",
                String.valueOf(replica.clients()));
    }

    private List<String> row(Workload workload) {
        return List.of(
                workload.namespace(),
                workload.name(),
                workload.injected() + "/" + workload.asking(),
                joined(workload.as()),
                joined(workload.versions()),
                trouble.isEmpty()
                        ? workload.connected() + "/" + Math.max(workload.injected(), workload.connected())
                        : "?",
                String.join("; ", workload.notes()));
    }

    private static String joined(Collection<String> words) {
        return words.isEmpty() ? "-" : String.join(",", words);
    }
}
