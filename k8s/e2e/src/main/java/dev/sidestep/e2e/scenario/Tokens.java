package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Cluster;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Who is served by the control plane, and what those are told who are not. */
final class Tokens implements Scenario {
    @Override
    public Title title() {
        return new Title("tokens", "tokens missing, foreign, expired, of somebody else", true, Set.of(Need.SIDESTEP));
    }

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        stage.apply(namespace, "token.yaml", Map.of());
        stage.cluster().awaitReady(namespace, "tokens");
        ask(stage, namespace, "the right token", "served", "--token-file", "/good/token");
        ask(stage, namespace, "no token", "token");
        ask(stage, namespace, "not a token", "token", "--token", "nonsense");
        ask(stage, namespace, "a token for somebody else", "audience", "--token-file", "/foreign/token");
        ask(
                stage,
                namespace,
                "the API server's own token",
                "audience",
                "--token-file",
                "/var/run/secrets/kubernetes.io/serviceaccount/token");
        ask(
                stage,
                namespace,
                "the right token, another pod's id",
                "token",
                "--token-file",
                "/good/token",
                "--node-id",
                "sidecar~10.0.0.1~other.kube-system~kube-system.svc.cluster.local");
        ask(stage, namespace, "expired", "expired", "--token", expired(stage, namespace));
    }

    private static void ask(Stage stage, String namespace, String what, String expected, String... arguments) {
        List<String> command = new ArrayList<>(List.of("tool", "xds"));
        command.addAll(Arrays.asList(arguments));
        Cluster.Output output = stage.cluster().exec(namespace, "tokens", "client", command.toArray(String[]::new));
        boolean served = expected.equals("served");
        stage.findings()
                .check(
                        what,
                        served ? "served" : "refused, and told why",
                        output.text().replace("tool xds: ", ""),
                        output.ok() == served
                                && output.text().toLowerCase(Locale.ROOT).contains(expected));
    }

    /**
     * A token as our own, but that its time is over: the header and the name are real, the signature cannot be. The
     * control plane says so before it asks anybody; a token that truly ran out would take ten minutes to come by.
     */
    private static String expired(Stage stage, String namespace) {
        String real = stage.cluster()
                .exec(namespace, "tokens", "client", "cat", "/good/token")
                .text();
        String[] parts = real.split("\\.", -1);
        String claims = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8)
                .replaceAll("\"exp\":\\d+", "\"exp\":1600000000");
        parts[1] = Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(StandardCharsets.UTF_8));
        return String.join(".", parts);
    }
}
