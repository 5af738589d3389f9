package dev.sidestep.control.injector;

import dev.sidestep.control.settings.Settings;
import java.util.Optional;

/**
 * What Pod Security Admission enforces in a namespace.
 *
 * @param level {@code privileged}, {@code baseline} or {@code restricted}; an unknown one counts as restricted, as there
 * @param version of Kubernetes whose rules hold; empty: the newest
 */
record PodSecurity(String level, Optional<KubernetesVersion> version) {
    private static final String LABEL = "pod-security.kubernetes.io/enforce";

    /** KEP-4940: neither probes nor hooks may name a host. */
    private static final int NO_HOST_MINOR = 34;

    static PodSecurity of(NamespaceFacts namespace, Settings settings) {
        String level =
                namespace.labels().getOrDefault(LABEL, settings.injection().podSecurity());
        return new PodSecurity(
                level, KubernetesVersion.parse(namespace.labels().getOrDefault(LABEL + "-version", "latest")));
    }

    /** Whether no container may have NET_ADMIN. */
    boolean forbidsRedirect() {
        return !level.equals("privileged");
    }

    boolean forbidsHostInHooks(ClusterFacts cluster) {
        return forbidsRedirect()
                && cluster.isAtLeast(NO_HOST_MINOR)
                && version.map(rules -> rules.isAtLeast(NO_HOST_MINOR)).orElse(true);
    }
}
