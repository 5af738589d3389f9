package dev.sidestep.control.bypass;

import dev.sidestep.control.index.Item.PodItem;
import java.util.List;
import java.util.Optional;

/**
 * Connections of one pod's programs to Services, around its sidecar.
 *
 * @param namespace the pod's
 * @param pod the pod's name
 * @param known the pod as it is known here; empty where pods are not followed
 * @param vips cluster IPs, {@code address:port}
 * @param endpoints endpoints with the Service that has them: {@code address:port (service.namespace:port)}
 */
record Finding(String namespace, String pod, Optional<PodItem> known, List<String> vips, List<String> endpoints) {
    private static final int MOST_NAMED = 3;

    Finding {
        vips = List.copyOf(vips);
        endpoints = List.copyOf(endpoints);
    }

    /** Why it may be, and what to do. */
    String text() {
        if (!vips.isEmpty()) {
            return "connections to " + some(vips) + " do not come to the pod's sidecar and are not balanced: see"
                    + " `kubectl logs " + pod + " -n " + namespace
                    + " -c sidestep-redirect`; programs that run as uid or"
                    + " gid 16001 are left alone";
        }
        return "connections to " + some(endpoints) + " do not come to the pod's sidecar and are not balanced: either a"
                + " program calls pods by address, or the CNI puts them in the place of cluster IPs (then set the chart's"
                + " socketLoadBalancing=true)";
    }

    private static String some(List<String> all) {
        String named = String.join(", ", all.subList(0, Math.min(MOST_NAMED, all.size())));
        return all.size() <= MOST_NAMED ? named : named + " and " + (all.size() - MOST_NAMED) + " more";
    }
}
