package dev.sidestep.cli.check;

import dev.sidestep.cli.check.Finding.Level;
import dev.sidestep.cli.cluster.ApiErrors;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** All findings, in the order in which was looked. */
public record CheckReport(List<Finding> findings) {
    private static final int FORBIDDEN = 403;

    public CheckReport {
        findings = List.copyOf(findings);
    }

    /** Does {@code checks} in turn. The first that cannot reach the API server is the last. */
    static CheckReport of(KubernetesClient client, List<Check> checks) throws InterruptedException {
        List<Finding> findings = new ArrayList<>();
        for (Check check : checks) {
            try {
                findings.addAll(check.look());
            } catch (KubernetesClientException e) {
                if (e.getCode() == FORBIDDEN) {
                    findings.add(Finding.note(check.subject(), "cannot be looked at", ApiErrors.reason(client, e)));
                    continue;
                }
                findings.add(Finding.failed(check.subject(), ApiErrors.reason(client, e), ""));
                if (ApiErrors.isUnanswered(e)) {
                    break;
                }
            } catch (IOException e) {
                findings.add(Finding.failed(check.subject(), String.valueOf(e.getMessage()), ""));
            }
        }
        return new CheckReport(findings);
    }

    /** Whether nothing failed. */
    public boolean passed() {
        return failure().isEmpty();
    }

    /** The first that failed. */
    public Optional<Finding> failure() {
        return findings.stream()
                .filter(finding -> finding.level() == Level.FAILED)
                .findFirst();
    }

    /** For people. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        findings.forEach(finding -> lines.addAll(finding.lines()));
        lines.add("");
        lines.add(count(Level.OK) + " fine, " + count(Level.NOTE) + " to know, " + count(Level.FAILED) + " failed");
        return lines;
    }

    private long count(Level level) {
        return findings.stream().filter(finding -> finding.level() == level).count();
    }
}
