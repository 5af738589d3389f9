package dev.sidestep.cli.check;

import dev.sidestep.cli.status.MeshStatus;
import java.util.ArrayList;
import java.util.List;

/** Whether the pods that ask for injection have it. */
final class LabelledPods {
    private static final int SHOWN = 5;

    private LabelledPods() {}

    static List<Finding> judge(MeshStatus status) {
        String subject = "injected pods";
        int injected = status.workloads().stream()
                .mapToInt(MeshStatus.Workload::injected)
                .sum();
        List<Finding> findings = new ArrayList<>();
        findings.add(Finding.ok(subject, injected + " in " + status.workloads().size() + " workloads"));
        List<MeshStatus.Workload> incomplete = status.workloads().stream()
                .filter(workload -> !workload.complete())
                .toList();
        incomplete.stream()
                .limit(SHOWN)
                .forEach(workload -> findings.add(Finding.note(
                        subject,
                        workload.namespace() + " " + workload.name() + ": " + workload.injected() + " of "
                                + workload.asking() + " are injected",
                        String.join("; ", workload.notes()))));
        if (incomplete.size() > SHOWN) {
            findings.add(Finding.note(
                    subject, "and " + (incomplete.size() - SHOWN) + " workloads more", "sidestep status shows all"));
        }
        return findings;
    }
}
