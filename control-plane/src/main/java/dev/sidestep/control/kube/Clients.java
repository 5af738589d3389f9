package dev.sidestep.control.kube;

import io.fabric8.kubernetes.api.model.NamedContext;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.utils.Utils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connections to the API server. */
public final class Clients {
    private static final Logger LOG = LoggerFactory.getLogger(Clients.class);

    /** Informers try again by themselves; a request that does so as well only hides that it failed. */
    private static final int RETRIES = 0;

    private static final int TIMEOUT_MILLIS = 10_000;

    private static final Pattern PKCS8 = Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]*)-----END PRIVATE KEY-----");

    private static final ResourceDefinitionContext SERVICE_CIDRS = new ResourceDefinitionContext.Builder()
            .withGroup("networking.k8s.io")
            .withVersion("v1")
            .withKind("ServiceCIDR")
            .withPlural("servicecidrs")
            .withNamespaced(false)
            .build();

    private Clients() {}

    /**
     * A client by kubeconfig, or by the service account inside a pod.
     *
     * @param kubeconfig the file; empty: where kubectl looks, else the pod's service account
     * @param context its context; empty: the current one
     * @throws IOException if there is no such file or context; for the user
     */
    public static KubernetesClient connect(Optional<Path> kubeconfig, Optional<String> context) throws IOException {
        Config config;
        try {
            if (kubeconfig.isPresent()) {
                if (!Files.isReadable(kubeconfig.get())) {
                    throw new IOException("--kubeconfig " + kubeconfig.get() + ": cannot be read; name another file");
                }
                config = Config.fromKubeconfig(
                        context.orElse(null), kubeconfig.get().toFile());
            } else {
                config = Config.autoConfigure(context.orElse(null));
            }
        } catch (RuntimeException e) { // The library reads it by two others, and passes on what they throw.
            String reason =
                    String.valueOf(e.getMessage()).replaceAll("\\s+", " ").strip();
            throw new IOException("Kubernetes: the kubeconfig cannot be used (" + reason + ")", e);
        }
        boolean found = kubeconfig.isPresent() || config.getCurrentContext() != null || hasServiceAccount();
        if (!found) {
            throw new IOException(
                    "Kubernetes: there is neither a kubeconfig nor a pod's service account;"
                            + " set KUBECONFIG; without a cluster, a control plane serves a folder of manifests with --directory");
        }
        if (context.isPresent()) {
            checkContext(config, context.get());
        }
        Config complete = new ConfigBuilder(config)
                .withClientKeyAlgo(keyAlgorithm(config))
                .withRequestRetryBackoffLimit(RETRIES)
                .withRequestTimeout(TIMEOUT_MILLIS)
                .withConnectionTimeout(TIMEOUT_MILLIS)
                .build();
        try {
            return new KubernetesClientBuilder().withConfig(complete).build();
        } catch (KubernetesClientException e) {
            throw new IOException(
                    "Kubernetes: the certificates or keys of context " + contextName(config) + " cannot be used ("
                            + Trouble.root(e) + ")",
                    e);
        }
    }

    /** The library takes the current one in place of one that is not there, and so another cluster than was meant. */
    private static void checkContext(Config config, String wanted) throws IOException {
        if (!contextName(config).equals(wanted)) {
            List<String> names = Objects.requireNonNullElse(config.getContexts(), List.<NamedContext>of()).stream()
                    .map(NamedContext::getName)
                    .sorted()
                    .toList();
            throw new IOException("--context " + wanted + ": no such context (expected: " + String.join(", ", names)
                    + "); name one of the kubeconfig's");
        }
    }

    private static String keyAlgorithm(Config config) throws IOException {
        String pem = "";
        if (config.getClientKeyData() != null) {
            pem = new String(Base64.getDecoder().decode(config.getClientKeyData()), StandardCharsets.US_ASCII);
        } else if (config.getClientKeyFile() != null) {
            pem = Files.readString(Path.of(config.getClientKeyFile()));
        }
        return keyAlgorithm(pem).orElse(config.getClientKeyAlgo());
    }

    /**
     * The algorithm of a private key in PKCS #8, whose frame does not say it; empty for anything else. The library takes
     * every such key for RSA's.
     */
    static Optional<String> keyAlgorithm(String pem) {
        Matcher pkcs8 = PKCS8.matcher(pem);
        if (!pkcs8.find()) {
            return Optional.empty();
        }
        try {
            KeyFactory.getInstance("RSA")
                    .generatePrivate(
                            new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pkcs8.group(1))));
            return Optional.of("RSA");
        } catch (InvalidKeySpecException notRsa) {
            return Optional.of("EC");
        } catch (NoSuchAlgorithmException everyJdkHasIt) {
            throw new IllegalStateException(everyJdkHasIt);
        }
    }

    private static String contextName(Config config) {
        return config.getCurrentContext() == null
                ? "(none)"
                : config.getCurrentContext().getName();
    }

    private static boolean hasServiceAccount() {
        return Files.isReadable(serviceAccountToken());
    }

    /** Where the token is by which a pod is known to the API server; the library looks for it there, too. */
    public static Path serviceAccountToken() {
        return Path.of(Utils.getSystemPropertyOrEnvVar(
                Config.KUBERNETES_AUTH_SERVICEACCOUNT_TOKEN_FILE_SYSTEM_PROPERTY,
                Config.KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH));
    }

    /** The blocks that VIPs come from, where the API server tells (1.33 and later, to those who may list them). */
    public static List<String> serviceRanges(KubernetesClient client) {
        var ranges = new ArrayList<String>();
        try {
            client.genericKubernetesResources(SERVICE_CIDRS).list().getItems().forEach(item -> {
                List<String> blocks = item.get("spec", "cidrs");
                if (blocks != null) {
                    ranges.addAll(blocks);
                }
            });
        } catch (KubernetesClientException e) {
            LOG.info(
                    "the API server does not tell the service ranges (HTTP {}); clients are told each VIP",
                    e.getCode());
        }
        return ranges;
    }
}
