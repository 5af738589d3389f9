package dev.sidestep.control.auth;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Keeps the CAs in a Secret. Its data: {@code ca.crt}, what clients have to trust, for people to look at; and of each CA
 * {@code ID.crt}, {@code ID.key} and, but for the first, {@code ID.endorsement.crt}, where ID is its serial number. Replicas
 * that write at the same time are told apart by the object's version.
 */
final class SecretAuthorityStore implements AuthorityStore {
    private static final String CERTIFICATE = ".crt";
    private static final String KEY = ".key";
    private static final String ENDORSEMENT = ".endorsement.crt";
    private static final String BUNDLE = "ca.crt";

    private final KubernetesClient client;
    private final String namespace;
    private final String name;
    private final Optional<OwnerReference> ownedBy;

    /** @param ownedBy goes into a Secret that is made, so that it goes with its owner; empty: it stays until deleted */
    SecretAuthorityStore(KubernetesClient client, String namespace, String name, Optional<OwnerReference> ownedBy) {
        this.client = client;
        this.namespace = namespace;
        this.name = name;
        this.ownedBy = ownedBy;
    }

    @Override
    public Kept read() throws IOException {
        Secret secret;
        try {
            secret = client.secrets().inNamespace(namespace).withName(name).get();
        } catch (KubernetesClientException e) {
            throw ApiTrouble.of(thing(), "get", e);
        }
        if (secret == null) {
            return new Kept(Succession.NONE, "");
        }
        Map<String, String> data = Objects.requireNonNullElse(secret.getData(), Map.of());
        var authorities = new ArrayList<CertificateAuthority>();
        for (String entry : data.keySet()) {
            if (entry.endsWith(CERTIFICATE) && !entry.endsWith(ENDORSEMENT) && !entry.equals(BUNDLE)) {
                authorities.add(authority(data, entry.substring(0, entry.length() - CERTIFICATE.length())));
            }
        }
        authorities.sort(Comparator.comparing(CertificateAuthority::start)
                .thenComparing(authority -> authority.certificate().getSerialNumber())
                .reversed());
        return new Kept(new Succession(authorities), secret.getMetadata().getResourceVersion());
    }

    private CertificateAuthority authority(Map<String, String> data, String id) throws IOException {
        try {
            X509Certificate certificate =
                    Pem.certificates(text(data, id + CERTIFICATE)).get(0);
            PrivateKey key = Pem.key(text(data, id + KEY));
            Optional<X509Certificate> endorsement = data.containsKey(id + ENDORSEMENT)
                    ? Optional.of(Pem.certificates(text(data, id + ENDORSEMENT)).get(0))
                    : Optional.empty();
            return new CertificateAuthority(certificate, key, endorsement);
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(
                    thing() + ", " + id + ": damaged (" + e.getMessage()
                            + "); delete the Secret, and a new certificate authority is made that clients learn when"
                            + " their pods start anew",
                    e);
        }
    }

    private static String text(Map<String, String> data, String entry) {
        return new String(Base64.getDecoder().decode(data.getOrDefault(entry, "")), StandardCharsets.UTF_8);
    }

    @Override
    public boolean write(Kept before, Succession next) throws IOException {
        var secrets = client.secrets().inNamespace(namespace);
        boolean first = before.version().isEmpty();
        try {
            if (first) {
                secrets.resource(empty().edit().withData(data(next)).build()).create();
                return true;
            }
            Secret current = secrets.withName(name).get();
            if (current == null
                    || !before.version().equals(current.getMetadata().getResourceVersion())) {
                return false;
            }
            // With the version in it: the API server refuses it when somebody was faster.
            secrets.resource(current.edit().withData(data(next)).build()).update();
            return true;
        } catch (KubernetesClientException e) {
            if (ApiTrouble.isConflict(e)) {
                return false;
            }
            throw ApiTrouble.of(thing(), first ? "create" : "update", e);
        }
    }

    private Secret empty() {
        return new SecretBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .withLabels(
                        Map.of("app.kubernetes.io/name", "sidestep", "app.kubernetes.io/managed-by", "control-plane"))
                .withOwnerReferences(ownedBy.map(List::of).orElse(List.of()))
                .endMetadata()
                .withType("Opaque")
                .build();
    }

    private String thing() {
        return "Secret " + namespace + "/" + name;
    }

    private static Map<String, String> data(Succession succession) {
        var data = new TreeMap<String, String>();
        data.put(BUNDLE, encoded(succession.bundle()));
        for (CertificateAuthority authority : succession.newestFirst()) {
            String id = authority.certificate().getSerialNumber().toString(16);
            data.put(id + CERTIFICATE, encoded(Pem.of(List.of(authority.certificate()))));
            data.put(id + KEY, encoded(Pem.of(authority.key())));
            authority
                    .endorsement()
                    .ifPresent(endorsement -> data.put(id + ENDORSEMENT, encoded(Pem.of(List.of(endorsement)))));
        }
        return data;
    }

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
