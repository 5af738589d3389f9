package dev.sidestep.control.injector;

import dev.sidestep.control.index.Item;
import dev.sidestep.model.ClusterName;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Who a data plane is and whom it trusts: token, CA and names, for each container that talks to the control plane. */
final class Identity {
    /** The bundle of the moment; the data plane hears of later ones over its stream. */
    static final String CA_ANNOTATION = Item.PREFIX + "ca";

    static final String IDENTITY_VOLUME = "sidestep-identity";
    static final String IDENTITY_PATH = "/var/run/sidestep";
    static final String STATE_VOLUME = "sidestep-state";
    static final String STATE_PATH = "/var/lib/sidestep";
    static final String TOKEN_FILE = IDENTITY_PATH + "/token";
    static final String CA_FILE = IDENTITY_PATH + "/ca.crt";
    static final String CONTROL_PLANE = "control-plane.sidestep-system.svc:16012";

    private static final String AUDIENCE = "sidestep.dev";
    private static final int TOKEN_SECONDS = 3600;

    private final Injection injection;

    Identity(Injection injection) {
        this.injection = injection;
        if (!injection.cluster().bundle().isEmpty()) {
            injection.pod().annotate(CA_ANNOTATION, injection.cluster().bundle());
        }
        injection.pod().addVolume(identityVolume());
    }

    /** For a sidecar or an agent; {@code subPath} keeps apart what several clients of one pod remember. */
    void giveTo(Container container, String subPath) {
        container.addEnv("SIDESTEP_CONTROL_PLANE", CONTROL_PLANE);
        giveNames(container);
        String domain = injection.settings().clusterDomain();
        if (!domain.equals(ClusterName.WIRE_DOMAIN)) {
            container.addEnv("SIDESTEP_CLUSTER_DOMAIN", domain);
        }
        container.addEnv("SIDESTEP_TOKEN_FILE", TOKEN_FILE);
        container.addEnv("SIDESTEP_CA_FILE", CA_FILE);
        container.addEnv("SIDESTEP_SNAPSHOT_DIR", STATE_PATH);
        mountIdentity(container);
        container.mount(STATE_VOLUME, STATE_PATH, false, subPath);
        ObjectNode state = JsonNodeFactory.instance.objectNode();
        state.put("name", STATE_VOLUME).putObject("emptyDir");
        injection.pod().addVolume(state);
    }

    /** The pod's own names, by the downward API: most pods have none yet when they are admitted. */
    void giveNames(Container container) {
        container.addEnvOfField("SIDESTEP_NAMESPACE", "metadata.namespace");
        container.addEnvOfField("SIDESTEP_POD_NAME", "metadata.name");
        container.addEnvOfField("SIDESTEP_NODE_NAME", "spec.nodeName");
    }

    void mountIdentity(Container container) {
        container.mount(IDENTITY_VOLUME, IDENTITY_PATH, true, "");
    }

    private static ObjectNode identityVolume() {
        ObjectNode volume = JsonNodeFactory.instance.objectNode();
        volume.put("name", IDENTITY_VOLUME);
        var sources = volume.putObject("projected").putArray("sources");
        sources.addObject()
                .putObject("serviceAccountToken")
                .put("audience", AUDIENCE)
                .put("expirationSeconds", TOKEN_SECONDS)
                .put("path", "token");
        ObjectNode ca = sources.addObject()
                .putObject("downwardAPI")
                .putArray("items")
                .addObject()
                .put("path", "ca.crt");
        ca.putObject("fieldRef")
                .put("apiVersion", "v1")
                .put("fieldPath", "metadata.annotations['" + CA_ANNOTATION + "']");
        return volume;
    }
}
