package dev.sidestep.control.auth;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The service account that this process runs as, which its own token tells: so no right is needed to look it up. What is
 * made at run time belongs to it, and goes when an uninstall takes it away.
 */
final class OwnServiceAccount {
    private OwnServiceAccount() {}

    /**
     * Read from the token at {@code file}; empty outside a pod.
     *
     * @param namespace of what is to be owned: owners are of the same
     */
    static Optional<OwnerReference> read(Path file, String namespace) {
        String token;
        try {
            token = Files.readString(file).strip();
        } catch (IOException outsideAPod) {
            return Optional.empty();
        }
        return Jwt.parse(new JsonMapper(), token).map(Jwt::payload).flatMap(payload -> of(payload, namespace));
    }

    private static Optional<OwnerReference> of(JsonNode payload, String namespace) {
        JsonNode claims = payload.path("kubernetes.io");
        String name = claims.path("serviceaccount").path("name").asString("");
        String uid = claims.path("serviceaccount").path("uid").asString("");
        if (name.isEmpty()
                || uid.isEmpty()
                || !claims.path("namespace").asString("").equals(namespace)) {
            return Optional.empty();
        }
        return Optional.of(new OwnerReferenceBuilder()
                .withApiVersion("v1")
                .withKind("ServiceAccount")
                .withName(name)
                .withUid(uid)
                .build());
    }
}
