package dev.sidestep.control.auth;

import dev.sidestep.concurrent.SerialExecutor;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows the certificate that somebody else keeps in a Secret, the user or cert-manager: {@code tls.crt}, {@code tls.key} and
 * {@code ca.crt}. It is read again and again; what cannot be used is reported, and the last good one stays. Confined to
 * {@code owner}, which may block, but for {@link #start}.
 */
final class SecretReader {
    private static final Logger LOG = LoggerFactory.getLogger(SecretReader.class);
    private static final byte[] PROBE = "sidestep".getBytes(StandardCharsets.US_ASCII);
    /** Between two looks: a kubelet takes longer to tell a pod of a changed Secret. */
    static final Duration LOOK = Duration.ofSeconds(10);

    private final SerialExecutor owner;
    private final KubernetesClient client;
    private final String namespace;
    private final String name;
    private final Duration pause;
    private final HeldIdentity identity;
    private final Consumer<List<String>> problems;
    private Map<String, String> shown = Map.of();

    /**
     * @param pause from one look to the next, as a rule {@link #LOOK}
     * @param problems is told what is wrong with the Secret, an empty list if nothing is; on the owner
     */
    SecretReader(
            SerialExecutor owner,
            KubernetesClient client,
            String namespace,
            String name,
            Duration pause,
            HeldIdentity identity,
            Consumer<List<String>> problems) {
        this.owner = owner;
        this.client = client;
        this.namespace = namespace;
        this.name = name;
        this.pause = pause;
        this.identity = identity;
        this.problems = problems;
    }

    /** Begins. Any thread, once; returns at once. */
    void start() {
        owner.execute(this::look);
    }

    private void look() {
        owner.checkCurrent();
        try {
            read();
            problems.accept(List.of());
        } catch (IOException e) {
            problems.accept(List.of(String.valueOf(e.getMessage())));
        }
        owner.schedule(pause, this::look);
    }

    private void read() throws IOException {
        Secret secret;
        try {
            secret = client.secrets().inNamespace(namespace).withName(name).get();
        } catch (KubernetesClientException e) {
            throw ApiTrouble.of("Secret " + namespace + "/" + name, "get", e);
        }
        if (secret == null) {
            throw new IOException("Secret " + namespace + "/" + name
                    + ": there is none; create it with tls.crt, tls.key and ca.crt, or unset tls.existingSecret");
        }
        Map<String, String> data = Objects.requireNonNullElse(secret.getData(), Map.of());
        if (data.equals(shown)) {
            return;
        }
        try {
            List<X509Certificate> chain = Pem.certificates(entry(data, "tls.crt"));
            PrivateKey key = Pem.key(entry(data, "tls.key"));
            // Through the parser, so that what clients are told is nothing but certificates.
            String bundle = Pem.of(Pem.certificates(entry(data, "ca.crt")));
            requirePair(chain.get(0), key);
            identity.show(new Leaf(key, chain), bundle);
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(
                    "Secret " + namespace + "/" + name + ": " + e.getMessage() + "; the last good one stays in use", e);
        }
        LOG.info("certificate of Secret {}/{} in use", namespace, name);
        shown = Map.copyOf(data);
    }

    private static String entry(Map<String, String> data, String key) throws GeneralSecurityException {
        String value = data.get(key);
        if (value == null) {
            throw new GeneralSecurityException(key + " is missing (expected: tls.crt, tls.key and ca.crt)");
        }
        return new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8);
    }

    /** A Secret is replaced whole, but people make mistakes. */
    private static void requirePair(X509Certificate certificate, PrivateKey key) throws GeneralSecurityException {
        String algorithm = switch (key.getAlgorithm()) {
            case "EC", "ECDSA" -> "SHA256withECDSA";
            case "RSA" -> "SHA256withRSA";
            default ->
                throw new GeneralSecurityException(
                        "a key of " + key.getAlgorithm() + " (expected: EC or RSA, which all clients understand)");
        };
        Signature signature = Signature.getInstance(algorithm);
        signature.initSign(key);
        signature.update(PROBE);
        byte[] signed = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(PROBE);
        if (!signature.verify(signed)) {
            throw new GeneralSecurityException("tls.key is not the key of tls.crt");
        }
    }
}
