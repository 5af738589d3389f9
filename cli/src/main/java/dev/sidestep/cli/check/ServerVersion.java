package dev.sidestep.cli.check;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;

/** Whether the API server answers, and is new enough. */
final class ServerVersion implements Check {
    private final KubernetesClient client;

    ServerVersion(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public String subject() {
        return "API server";
    }

    @Override
    public List<Finding> look() {
        return List.of(judge(
                client.getMasterUrl().toString(), client.getKubernetesVersion().getGitVersion()));
    }

    static Finding judge(String url, String version) {
        String subject = "API server";
        return Versions.isNewEnough(version)
                ? Finding.ok(subject, version + " at " + url)
                : Finding.failed(
                        subject,
                        version + " at " + url + ": sidecars are native ones, which need 1."
                                + Versions.NATIVE_SIDECARS_MINOR,
                        "upgrade the cluster to 1." + Versions.NATIVE_SIDECARS_MINOR + " or newer");
    }
}
