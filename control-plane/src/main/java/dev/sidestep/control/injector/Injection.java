package dev.sidestep.control.injector;

import dev.sidestep.control.settings.Settings;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * One injection under way: what it works on, and what is known. Belongs to whoever made it.
 *
 * @param placement what the pod gets
 * @param drainId a random name for the pod, if it needs one; "" if it cannot be named here
 * @param initContainers ours, in the order in which they shall run, before those of the pod
 * @param notes what is not as one might expect, for the status
 */
record Injection(
        PodDraft pod,
        Placement placement,
        PodOptions options,
        NamespaceFacts namespace,
        ClusterFacts cluster,
        Settings settings,
        String drainId,
        List<ObjectNode> initContainers,
        List<String> notes) {

    static Injection of(
            PodDraft pod,
            Placement placement,
            PodOptions options,
            NamespaceFacts namespace,
            ClusterFacts cluster,
            Settings settings,
            String drainId) {
        return new Injection(
                pod, placement, options, namespace, cluster, settings, drainId, new ArrayList<>(), new ArrayList<>());
    }

    /** Whether the pod is of class Guaranteed without us. */
    boolean guaranteed() {
        return new PodUsage(OurContainers.without(pod.pod()), namespace.limitRanges()).isGuaranteed();
    }

    void note(String clause) {
        notes.add(clause);
    }
}
