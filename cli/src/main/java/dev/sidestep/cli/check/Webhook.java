package dev.sidestep.cli.check;

import dev.sidestep.cli.cluster.Names;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whether the API server knows the injector, and would trust the certificate that each replica shows. */
final class Webhook implements Check {
    static final List<String> ENTRIES = List.of("namespace.injector.sidestep.dev", "pod.injector.sidestep.dev");

    /** What the API server asks the certificate for. */
    static final String HOST = Names.CONTROL_PLANE + "." + Names.SYSTEM_NAMESPACE + ".svc";

    static final String LOGS =
            "kubectl logs -n " + Names.SYSTEM_NAMESPACE + " deployment/" + Names.CONTROL_PLANE + " says why";

    private final KubernetesClient client;
    private final Map<String, InetSocketAddress> injectors;

    /** @param injectors the injector's port of each replica, by pod */
    Webhook(KubernetesClient client, Map<String, InetSocketAddress> injectors) {
        this.client = client;
        this.injectors = injectors;
    }

    @Override
    public String subject() {
        return "webhook";
    }

    @Override
    public List<Finding> look() throws IOException {
        MutatingWebhookConfiguration found = client.admissionRegistration()
                .v1()
                .mutatingWebhookConfigurations()
                .withName(Names.WEBHOOK)
                .get();
        Optional<Finding> wrong = judge(found);
        if (wrong.isPresent()) {
            return List.of(wrong.get());
        }
        for (MutatingWebhook entry : found.getWebhooks()) {
            Optional<Finding> distrusted = distrusted(entry);
            if (distrusted.isPresent()) {
                return List.of(distrusted.get());
            }
        }
        return List.of(
                Finding.ok(subject(), "its caBundle is what " + injectors.size() + " replicas are certified by"));
    }

    /** What is wrong with the configuration itself. */
    static Optional<Finding> judge(@Nullable MutatingWebhookConfiguration found) {
        String subject = "webhook";
        if (found == null) {
            return Optional.of(Finding.failed(
                    subject,
                    "there is no MutatingWebhookConfiguration " + Names.WEBHOOK + ": no pod is injected",
                    "helm upgrade sidestep k8s/chart"));
        }
        List<String> missing = new ArrayList<>(ENTRIES);
        for (MutatingWebhook entry : found.getWebhooks()) {
            missing.remove(entry.getName());
            String bundle = entry.getClientConfig().getCaBundle();
            if (bundle == null || bundle.isEmpty()) {
                return Optional.of(Finding.failed(
                        subject,
                        "the control plane has not written the caBundle of " + entry.getName()
                                + ": the API server does not trust it, and no pod is injected",
                        LOGS));
            }
            if (!"Ignore".equals(entry.getFailurePolicy())) {
                return Optional.of(Finding.failed(
                        subject,
                        entry.getName() + " has failurePolicy " + entry.getFailurePolicy()
                                + ": a control plane that is away stops pods",
                        "helm upgrade sidestep k8s/chart; no other setting than Ignore is meant"));
            }
        }
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of(Finding.failed(
                        subject, "entry " + missing.get(0) + " is missing", "helm upgrade sidestep k8s/chart"));
    }

    private Optional<Finding> distrusted(MutatingWebhook entry) throws IOException {
        List<X509Certificate> anchors;
        try {
            anchors = certificates(entry.getClientConfig().getCaBundle());
        } catch (CertificateException | IllegalArgumentException e) {
            return Optional.of(Finding.failed(
                    subject(), "the caBundle of " + entry.getName() + " is no certificate: " + e.getMessage(), LOGS));
        }
        for (Map.Entry<String, InetSocketAddress> injector : injectors.entrySet()) {
            Optional<String> reason = Handshake.distrust(injector.getValue(), HOST, anchors);
            if (reason.isPresent()) {
                return Optional.of(Finding.failed(
                        subject(),
                        "the caBundle of " + entry.getName() + " does not vouch for what " + injector.getKey()
                                + " shows (" + reason.get() + ")",
                        LOGS));
            }
        }
        return Optional.empty();
    }

    /** The certificates of a caBundle: base64 of PEM. */
    static List<X509Certificate> certificates(String bundle) throws CertificateException {
        byte[] pem = Base64.getDecoder().decode(bundle);
        return CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem)).stream()
                .map(X509Certificate.class::cast)
                .toList();
    }
}
