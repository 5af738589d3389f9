package dev.sidestep.cli.images;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * As much of the Kubernetes API as a control plane asks for. It believes every token, and grants everything. Any thread,
 * one at a time.
 */
final class PretendApi {
    private final JsonMapper json = new JsonMapper();
    private final PretendObjects objects;
    private final AtomicBoolean firstSecret = new AtomicBoolean(true);

    /** With {@code objects} to be read, and written. */
    PretendApi(PretendObjects objects) {
        this.objects = objects;
    }

    /** An answer in JSON. */
    record Answer(int status, String body) {}

    /**
     * What a path names, as in {@code /apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME}.
     *
     * @param namespace empty: of all, or in none
     * @param name empty: all of them
     */
    record Target(String plural, String namespace, String name) {
        static Target of(String path) {
            List<String> parts = Arrays.asList(path.substring(1).split("/", 0));
            List<String> rest = parts.subList(parts.get(0).equals("api") ? 2 : Math.min(3, parts.size()), parts.size());
            boolean namespaced = rest.size() > 2 && rest.get(0).equals("namespaces");
            String namespace = namespaced ? rest.get(1) : "";
            List<String> named = namespaced ? rest.subList(2, rest.size()) : rest;
            return new Target(named.isEmpty() ? "" : named.get(0), namespace, named.size() > 1 ? named.get(1) : "");
        }
    }

    /**
     * Answers a request that is not a watch.
     *
     * @param field what is after {@code metadata.name=} in its field selector; empty: all
     */
    Answer answer(String method, String path, String field, byte[] body) {
        if (path.equals("/version")) {
            return new Answer(200, "{\"major\": \"1\", \"minor\": \"33\", \"gitVersion\": \"v1.33.0\"}");
        }
        Target target = Target.of(path);
        return switch (method) {
            case "GET" -> target.name().isEmpty() ? list(target, field) : get(target);
            case "POST" -> post(target, (ObjectNode) json.readTree(body));
            case "PATCH" -> apply(target, json.readTree(body));
            default -> new Answer(200, text(objects.put(target.plural(), (ObjectNode) json.readTree(body))));
        };
    }

    private Answer list(Target target, String field) {
        return new Answer(200, text(objects.list(target.plural(), each -> {
            JsonNode metadata = each.path("metadata");
            return List.of("", metadata.path("namespace").asString("")).contains(target.namespace())
                    && List.of("", metadata.path("name").asString("")).contains(field);
        })));
    }

    private Answer get(Target target) {
        return objects.get(target.plural(), target.namespace(), target.name())
                .map(found -> new Answer(200, text(found)))
                .orElseGet(() -> failure(404, "NotFound"));
    }

    private Answer post(Target target, ObjectNode object) {
        if (target.plural().equals("tokenreviews")) {
            return new Answer(201, text(reviewed(object)));
        }
        ObjectNode kept = objects.put(target.plural(), object);
        // The first one is told that another replica was faster; so it reads what it has just written.
        boolean refused = target.plural().equals("secrets") && firstSecret.getAndSet(false);
        return refused ? failure(409, "AlreadyExists") : new Answer(201, text(kept));
    }

    /** What the token says of itself is true. */
    private ObjectNode reviewed(ObjectNode review) {
        JsonNode spec = review.path("spec");
        String payload = spec.path("token").asString("").split("\\.", -1)[1];
        JsonNode claims = json.readTree(new String(Base64.getUrlDecoder().decode(payload), StandardCharsets.UTF_8));
        JsonNode pod = claims.path("kubernetes.io").path("pod");
        ObjectNode status = review.putObject("status").put("authenticated", true);
        status.set("audiences", spec.path("audiences"));
        ObjectNode user = status.putObject("user");
        user.put("username", claims.path("sub").asString(""));
        user.putArray("groups").add("system:serviceaccounts");
        ObjectNode extra = user.putObject("extra");
        extra.putArray("authentication.kubernetes.io/pod-name")
                .add(pod.path("name").asString(""));
        extra.putArray("authentication.kubernetes.io/pod-uid")
                .add(pod.path("uid").asString(""));
        extra.putArray("authentication.kubernetes.io/node-name").add("node-1");
        return review;
    }

    /** A server-side apply of the webhooks' client configurations. */
    private Answer apply(Target target, JsonNode patch) {
        return objects.get(target.plural(), target.namespace(), target.name())
                .map(found -> {
                    for (JsonNode webhook : found.path("webhooks")) {
                        for (JsonNode applied : patch.path("webhooks")) {
                            if (applied.path("name").equals(webhook.path("name"))) {
                                ((ObjectNode) webhook.path("clientConfig"))
                                        .setAll((ObjectNode) applied.path("clientConfig"));
                            }
                        }
                    }
                    return new Answer(200, text(objects.put(target.plural(), found)));
                })
                .orElseGet(() -> failure(404, "NotFound"));
    }

    private static Answer failure(int code, String reason) {
        return new Answer(code, """
                {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "%s", "code": %d}
                """.formatted(reason, code));
    }

    private String text(ObjectNode object) {
        return json.writeValueAsString(object);
    }
}
