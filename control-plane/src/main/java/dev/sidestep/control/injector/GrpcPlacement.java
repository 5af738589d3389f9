package dev.sidestep.control.injector;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** For apps that dial {@code xds:///}: where gRPC finds the control plane, its CA, and its own token. No container. */
final class GrpcPlacement {
    static final String BOOTSTRAP = "GRPC_XDS_BOOTSTRAP_CONFIG";

    /** Behind this flag, gRPC sends its token; see docs/injection.md for who does. */
    static final String CALL_CREDENTIALS = "GRPC_EXPERIMENTAL_XDS_BOOTSTRAP_CALL_CREDS";

    private static final List<String> OTHERS = List.of("GRPC_XDS_BOOTSTRAP", BOOTSTRAP);
    private static final ObjectMapper JSON = JsonMapper.shared();

    private GrpcPlacement() {}

    static void apply(Injection injection, Identity identity) throws DeclinedException {
        String bootstrap = bootstrap();
        var taken = new ArrayList<String>();
        boolean any = false;
        for (Container container : injection.options().containers()) {
            boolean ours = container
                    .env(BOOTSTRAP)
                    .map(variable -> variable.path("value").asString("").equals(bootstrap))
                    .orElse(false);
            if (!ours && OTHERS.stream().anyMatch(container::mayHave)) {
                taken.add(container.name());
                continue;
            }
            identity.giveNames(container); // Before the bootstrap, which names them.
            container.addEnv(CALL_CREDENTIALS, "true");
            container.addEnv(BOOTSTRAP, bootstrap);
            identity.mountIdentity(container);
            any = true;
        }
        String obstacle = String.join(", ", taken) + ": a bootstrap is set, or may be by envFrom";
        if (!any) {
            throw new DeclinedException(
                    Rule.GRPC_BOOTSTRAP, obstacle, "remove " + String.join(" and ", OTHERS) + ", or the label");
        }
        if (!taken.isEmpty()) {
            injection.note(obstacle + ", and stays as it is");
        }
    }

    /** The kubelet puts the pod's names in for {@code $(…)}: they are variables of the same container, further up. */
    private static String bootstrap() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ObjectNode server = root.putArray("xds_servers").addObject();
        server.put("server_uri", Identity.CONTROL_PLANE);
        ObjectNode tls = server.putArray("channel_creds").addObject();
        tls.put("type", "tls").putObject("config").put("ca_certificate_file", Identity.CA_FILE);
        ObjectNode token = server.putArray("call_creds").addObject();
        token.put("type", "jwt_token_file").putObject("config").put("jwt_token_file", Identity.TOKEN_FILE);
        server.putArray("server_features").add("xds_v3");
        ObjectNode node = root.putObject("node");
        node.put("id", "$(SIDESTEP_POD_NAME).$(SIDESTEP_NAMESPACE)");
        node.putObject("metadata")
                .put("namespace", "$(SIDESTEP_NAMESPACE)")
                .put("pod", "$(SIDESTEP_POD_NAME)")
                .put("node", "$(SIDESTEP_NODE_NAME)");
        return JSON.writeValueAsString(root);
    }
}
