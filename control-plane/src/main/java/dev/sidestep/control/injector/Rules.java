package dev.sidestep.control.injector;

import dev.sidestep.control.settings.Settings;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * What speaks against an injection, before anything is changed. Each method is one row of docs/injection.md, and throws
 * where its rule is hurt.
 */
final class Rules {
    /** Anything else there would hide our files, or be hidden by them. */
    private static final Map<String, String> PATHS = Map.of(
            AgentPlacement.PATH, AgentPlacement.VOLUME,
            Identity.IDENTITY_PATH, Identity.IDENTITY_VOLUME,
            Identity.STATE_PATH, Identity.STATE_VOLUME);

    private static final Set<String> OUR_VOLUMES =
            Set.of(AgentPlacement.VOLUME, Identity.IDENTITY_VOLUME, Identity.STATE_VOLUME);
    private static final List<Integer> OUR_PORTS =
            List.of(SidecarPlacement.ADMIN_PORT, SidecarPlacement.PROXY_PORT, SidecarPlacement.METRICS_PORT);

    /** Since then init containers can go on running; before, such a pod would never start. */
    private static final int NATIVE_SIDECARS_MINOR = 29;

    private final PodDraft pod;
    private final NamespaceFacts namespace;
    private final ClusterFacts cluster;
    private final Settings settings;

    Rules(PodDraft pod, NamespaceFacts namespace, ClusterFacts cluster, Settings settings) {
        this.pod = pod;
        this.namespace = namespace;
        this.cluster = cluster;
        this.settings = settings;
    }

    /** For whatever is injected. */
    void checkAll(Placement placement) throws DeclinedException {
        notStatic();
        notWindows();
        noOtherMesh();
        namesAreFree();
        if (placement.hasAgent() || placement == Placement.GRPC) {
            pathsAreFree(placement);
        }
        if (placement.hasSidecar()) {
            kubernetesIsNewEnough();
            ownNetwork();
            portsAreFree();
            userIsFree();
        }
    }

    /** For a sidecar with a redirect. */
    void checkRedirect(PodOptions options) throws DeclinedException {
        if (options.intercept().equals("services") && cluster.serviceRanges().isEmpty()) {
            throw new DeclinedException(
                    Rule.SERVICE_RANGES,
                    "the cluster does not tell its Service ranges, so a redirect would catch nothing",
                    "set serviceRanges in the chart, or annotate the pod sidestep.dev/intercept: all");
        }
    }

    boolean forbidsRedirect() {
        return PodSecurity.of(namespace, settings).forbidsRedirect();
    }

    private void notStatic() throws DeclinedException {
        if (pod.annotation("kubernetes.io/config.mirror").isPresent()) {
            throw new DeclinedException(
                    Rule.STATIC_POD,
                    "a static pod is made from a file of its node and cannot be changed",
                    "remove the label, or run it as a DaemonSet");
        }
    }

    private void notWindows() throws DeclinedException {
        JsonNode spec = pod.spec();
        boolean windows = spec.path("os").path("name").asString("").equals("windows")
                || spec.path("nodeSelector")
                        .path("kubernetes.io/os")
                        .asString("")
                        .equals("windows");
        if (windows) {
            throw new DeclinedException(
                    Rule.WINDOWS, "the pod runs on Windows, for which there are no images", "remove the label");
        }
    }

    private void noOtherMesh() throws DeclinedException {
        var found = OtherMeshes.of(pod, namespace);
        if (found.isPresent()) {
            throw new DeclinedException(
                    Rule.OTHER_MESH,
                    "another mesh has the pod: " + found.get(),
                    "let one of the two have it, by the label of the other");
        }
    }

    private void namesAreFree() throws DeclinedException {
        for (Container container : pod.containers()) {
            if (OurContainers.NAMES.contains(container.name())) {
                throw taken("container " + container.name()); // Ours are never among the app's.
            }
        }
        if (pod.label(Injector.INJECTED_LABEL).isPresent()
                && pod.annotation(Injector.STATUS_ANNOTATION).isPresent()) {
            return; // They are ours, from an earlier call; one that declined has left no such label.
        }
        for (Container container : pod.initContainers()) {
            if (OurContainers.NAMES.contains(container.name())) {
                throw taken("container " + container.name());
            }
        }
        for (String volume : OUR_VOLUMES) {
            if (pod.volume(volume).isPresent()) {
                throw taken("volume " + volume);
            }
        }
    }

    private static DeclinedException taken(String what) {
        return new DeclinedException(
                Rule.NAMES,
                "the pod has a " + what + " of its own",
                "give it a name that does not begin with sidestep-");
    }

    private void pathsAreFree(Placement placement) throws DeclinedException {
        for (Container container : pod.containers()) {
            for (JsonNode mount : container.node().path("volumeMounts")) {
                String volume = mount.path("name").asString("");
                String path = mount.path("mountPath").asString("").replaceAll("/+$", "");
                for (var ours : PATHS.entrySet()) {
                    boolean needed =
                            placement != Placement.GRPC || ours.getKey().equals(Identity.IDENTITY_PATH);
                    if (needed && !volume.equals(ours.getValue()) && isInTheWay(mount, path, ours.getKey())) {
                        throw new DeclinedException(
                                Rule.MOUNTS,
                                "container " + container.name() + " mounts volume " + volume + " at " + path
                                        + ", where " + ours.getKey() + " belongs",
                                "mount it elsewhere");
                    }
                }
            }
        }
    }

    /** A folder above ours is in the way unless we can make ours in it: only an emptyDir is surely writable and nobody's. */
    private boolean isInTheWay(JsonNode mount, String path, String ours) {
        if (path.equals(ours) || path.startsWith(ours + "/")) {
            return true;
        }
        // In most images /var/run is a link to /run.
        boolean above = (ours + "/").startsWith(path + "/")
                || (ours.startsWith("/var/run/") && path.equals("/run"))
                || (path.equals("/run/sidestep") && ours.equals(Identity.IDENTITY_PATH));
        if (!above) {
            return false;
        }
        boolean scratch = pod.volume(mount.path("name").asString(""))
                .map(volume -> volume.has("emptyDir"))
                .orElse(false);
        return !scratch || mount.path("readOnly").asBoolean(false);
    }

    private void kubernetesIsNewEnough() throws DeclinedException {
        if (!cluster.isAtLeast(NATIVE_SIDECARS_MINOR)) {
            throw new DeclinedException(
                    Rule.KUBERNETES_VERSION,
                    "a sidecar needs Kubernetes 1." + NATIVE_SIDECARS_MINOR
                            + " on the API server and all nodes; here is "
                            + cluster.version().map(KubernetesVersion::toString).orElse("?"),
                    "upgrade, or label the pod sidestep.dev/inject: agent");
        }
    }

    private void ownNetwork() throws DeclinedException {
        if (pod.spec().path("hostNetwork").asBoolean(false)) {
            throw new DeclinedException(
                    Rule.HOST_NETWORK,
                    "in its node's network a sidecar would catch the calls of the whole node",
                    "label the pod sidestep.dev/inject: agent, or take it out of the host's network");
        }
    }

    private void portsAreFree() throws DeclinedException {
        for (Container container : pod.allContainers()) {
            if (container.name().equals(OurContainers.SIDECAR)) {
                continue;
            }
            for (JsonNode port : container.node().path("ports")) {
                int number = port.path("containerPort").asInt(0);
                if (OUR_PORTS.contains(number)) {
                    throw new DeclinedException(
                            Rule.PORTS,
                            "container " + container.name() + " listens on " + number + ", which the sidecar needs",
                            "move it, or label the pod sidestep.dev/inject: agent");
                }
            }
        }
    }

    private void userIsFree() throws DeclinedException {
        JsonNode ofPod = pod.spec().path("securityContext");
        for (Container container : pod.allContainers()) {
            if (OurContainers.NAMES.contains(container.name())) {
                continue;
            }
            JsonNode own = container.node().path("securityContext");
            for (String key : List.of("runAsUser", "runAsGroup")) {
                JsonNode effective = own.path(key).isMissingNode() ? ofPod.path(key) : own.path(key);
                if (effective.asInt(-1) == OurContainers.USER) {
                    throw new DeclinedException(
                            Rule.USER,
                            "container " + container.name() + " has " + key + " " + OurContainers.USER
                                    + ", the sidecar's, whose calls are not caught",
                            "give it another number");
                }
            }
        }
    }
}
