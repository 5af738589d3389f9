package dev.sidestep.control.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.ControlPlane;
import dev.sidestep.control.ControlPlaneConfig;
import dev.sidestep.control.kube.Clients;
import dev.sidestep.control.settings.Settings;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.Requirements;
import dev.sidestep.testkit.TestAuthority;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.authentication.BoundObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What only a real API server can say: whose a token is, who wrote first, who owns a field. In a namespace, and with a
 * webhook configuration, of its own.
 */
class ClusterAccessIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String CA = "control-plane-ca";

    private final SecureRandom random = new SecureRandom();
    private final InstantSource clock = InstantSource.system();
    private final ThreadSerialExecutor owner = new ThreadSerialExecutor("certificates");
    private final List<String> problems = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> closing = new ArrayList<>();

    @TempDir
    @SuppressWarnings("NullAway.Init") // Set by JUnit.
    Path folder;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private Path kubeconfig;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private KubernetesClient client;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private String namespace;

    @BeforeEach
    void connect() throws IOException {
        kubeconfig = Requirements.kubeconfig();
        client = Clients.connect(Optional.of(kubeconfig), Optional.empty());
        byte[] id = new byte[4];
        random.nextBytes(id);
        namespace = "auth-it-" + HexFormat.of().formatHex(id);
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .create();
        client.resource(new ServiceAccountBuilder()
                        .withNewMetadata()
                        .withName("web")
                        .withNamespace(namespace)
                        .endMetadata()
                        .build())
                .create();
    }

    @AfterEach
    void cleanUp() throws Exception {
        owner.close();
        for (AutoCloseable each : closing) {
            each.close();
        }
        if (namespace != null) {
            webhooks().delete();
            client.namespaces().withName(namespace).delete();
            client.close();
        }
    }

    private io.fabric8.kubernetes.client.dsl.Resource<MutatingWebhookConfiguration> webhooks() {
        return client.admissionRegistration()
                .v1()
                .mutatingWebhookConfigurations()
                .withName(namespace);
    }

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A pod that nobody runs, which is pod enough for a token. */
    private Pod pod(String name) {
        return client.resource(new PodBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace(namespace)
                        .endMetadata()
                        .withNewSpec()
                        .withServiceAccountName("web")
                        .withSchedulerName("nobody")
                        .addNewContainer()
                        .withName("app")
                        .withImage("none:none")
                        .endContainer()
                        .endSpec()
                        .build())
                .create();
    }

    private String token(String audience, Optional<Pod> boundTo) {
        var request = new TokenRequestBuilder()
                .withNewSpec()
                .withAudiences(audience)
                .withExpirationSeconds(600L)
                .withBoundObjectRef(boundTo.map(pod -> new BoundObjectReferenceBuilder()
                                .withApiVersion("v1")
                                .withKind("Pod")
                                .withName(pod.getMetadata().getName())
                                .withUid(pod.getMetadata().getUid())
                                .build())
                        .orElse(null))
                .endSpec()
                .build();
        return client.serviceAccounts()
                .inNamespace(namespace)
                .withName("web")
                .tokenRequest(request)
                .getStatus()
                .getToken();
    }

    private Verdict review(KubernetesClient by, String token) {
        return new ApiServerTokens(by, Access.AUDIENCE, new TokenReader(Access.AUDIENCE, clock)).review(token);
    }

    @Test
    void theApiServerSaysWhoseATokenIs() {
        Pod pod = pod("web-1");
        String token = token(Access.AUDIENCE, Optional.of(pod));
        assertThat(review(client, token)).isInstanceOfSatisfying(Verdict.Accepted.class, accepted -> {
            Caller caller = accepted.caller();
            assertThat(caller.namespace()).isEqualTo(namespace);
            assertThat(caller.serviceAccount()).isEqualTo("web");
            assertThat(caller.pod()).isEqualTo("web-1");
            assertThat(caller.podUid()).isEqualTo(pod.getMetadata().getUid());
            assertThat(caller.expiry().orElseThrow())
                    .isBetween(clock.instant().plusSeconds(500), clock.instant().plusSeconds(700));
        });
        assertThat(review(client, token(Access.AUDIENCE, Optional.empty())))
                .isInstanceOfSatisfying(
                        Verdict.Accepted.class,
                        accepted -> assertThat(accepted.caller().pod()).isEmpty());
    }

    @Test
    void aForeignAForgedAndADeletedPodsTokenAreRefused() {
        Pod pod = pod("web-1");
        String token = token(Access.AUDIENCE, Optional.of(pod));
        assertRefused(token("https://kubernetes.default.svc", Optional.of(pod)));
        String forged = token.substring(0, token.lastIndexOf('.') + 1)
                + token.substring(token.lastIndexOf('.') + 1)
                        .transform(part -> new StringBuilder(part).reverse().toString());
        assertRefused(forged);
        assertThat(review(client, token)).isInstanceOf(Verdict.Accepted.class);
        client.resource(pod).withGracePeriod(0).delete();
        // The API server itself remembers tokens for a few seconds.
        Await.until("the token is refused", SOON, () -> review(client, token) instanceof Verdict.Refused);
    }

    private void assertRefused(String token) {
        assertThat(review(client, token))
                .isInstanceOfSatisfying(
                        Verdict.Refused.class,
                        refused -> assertThat(refused.explanation().lines()).hasSize(1));
    }

    @Test
    void anApiServerThatIsAwayIsNotANo() {
        String token = token(Access.AUDIENCE, Optional.of(pod("web-1")));
        try (KubernetesClient away = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(client.getConfiguration())
                        .withMasterUrl("https://127.0.0.1:1")
                        .build())
                .build()) {
            assertThat(review(away, token)).isInstanceOfSatisfying(Verdict.Unknown.class, unknown -> {
                assertThat(unknown.reason()).isEqualTo(Refusal.API_SERVER_AWAY);
                assertThat(unknown.explanation()).contains("cannot be asked").doesNotContain("HTTP");
            });
        }
    }

    private SecretAuthorityStore store(Optional<OwnerReference> ownedBy) {
        return new SecretAuthorityStore(client, namespace, CA, ownedBy);
    }

    @Test
    void theSecretBelongsToTheServiceAccountThatOurOwnTokenNames() throws IOException {
        Path file = Files.writeString(folder.resolve("token"), token("anything", Optional.empty()));
        Optional<OwnerReference> ownedBy = OwnServiceAccount.read(file, namespace);
        ServiceAccount account =
                client.serviceAccounts().inNamespace(namespace).withName("web").get();
        assertThat(ownedBy.orElseThrow().getUid())
                .isEqualTo(account.getMetadata().getUid());
        assertThat(OwnServiceAccount.read(file, "elsewhere")).isEmpty();
        assertThat(OwnServiceAccount.read(folder.resolve("none"), namespace)).isEmpty();

        SecretAuthorityStore store = store(ownedBy);
        assertThat(store.write(store.read(), succession())).isTrue();
        assertThat(secret().getMetadata().getOwnerReferences())
                .singleElement()
                .satisfies(reference -> assertThat(reference.getName()).isEqualTo("web"));
        client.resource(account).delete();
        Await.until("the Secret goes with the service account", SOON, () -> secretOrNull() == null);
    }

    private Succession succession() {
        return Succession.NONE.at(clock.instant(), Duration.ofHours(1), random);
    }

    private Secret secret() {
        Secret found = secretOrNull();
        assertThat(found).isNotNull();
        return found;
    }

    private Secret secretOrNull() {
        return client.secrets().inNamespace(namespace).withName(CA).get();
    }

    @Test
    void whatIsWrittenIsReadAgainAndWhoIsLateWritesNothing() throws IOException {
        SecretAuthorityStore store = store(Optional.empty());
        AuthorityStore.Kept nothing = store.read();
        assertThat(nothing.version()).isEmpty();
        Succession first = succession();
        assertThat(store.write(nothing, first)).isTrue();
        assertThat(store.write(nothing, succession())).as("created meanwhile").isFalse();

        AuthorityStore.Kept kept = store.read();
        assertThat(kept.succession()).isEqualTo(first);
        Succession second = first.at(clock.instant().plus(Duration.ofMinutes(40)), Duration.ofHours(1), random);
        assertThat(store.write(kept, second)).isTrue();
        assertThat(store.write(kept, second)).as("updated meanwhile").isFalse();
        assertThat(store.read().succession()).isEqualTo(second);
        assertThat(new String(Base64.getDecoder().decode(secret().getData().get("ca.crt")), StandardCharsets.UTF_8))
                .isEqualTo(second.bundle());
    }

    @Test
    void aDamagedSecretIsLeftAloneAndNamed() throws IOException {
        SecretAuthorityStore store = store(Optional.empty());
        store.write(store.read(), succession());
        Secret secret = secret();
        String entry = secret.getData().keySet().stream()
                .filter(key -> key.endsWith(".key"))
                .findFirst()
                .orElseThrow();
        client.resource(secret.edit().addToData(entry, encoded("rubbish")).build())
                .update();
        assertThatThrownBy(store::read)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Secret " + namespace + "/" + CA)
                .hasMessageContaining("damaged")
                .hasMessageContaining("delete the Secret");
    }

    @Test
    void theUsersSecretIsShownAndReadAgainAndABadOneIsNot() {
        var identity = new HeldIdentity(owner);
        new SecretReader(owner, client, namespace, "mine", Duration.ofMillis(200), identity, found -> {
                    problems.clear();
                    problems.addAll(found);
                })
                .start();
        Await.until("it is missed", SOON, () -> problems.toString().contains("there is none"));

        var authority = new TestAuthority();
        TestAuthority.Leaf first = authority.leaf("control-plane." + namespace + ".svc");
        put(first.certificate(), first.key(), authority.certificate());
        Await.until("it is shown", SOON, () -> identity.bundle().equals(authority.certificate()));
        assertThat(problems).isEmpty();
        Leaf shown = identity.leaf().orElseThrow();

        TestAuthority.Leaf second = authority.leaf("control-plane." + namespace + ".svc");
        put(second.certificate(), first.key(), authority.certificate());
        Await.until("the pair is refused", SOON, () -> problems.toString().contains("not the key of tls.crt"));
        assertThat(identity.leaf()).contains(shown);

        put(second.certificate(), second.key(), authority.certificate());
        Await.until("the new one is shown", SOON, () -> !identity.leaf().equals(Optional.of(shown)));
    }

    private void put(String certificate, String key, String authority) {
        Secret secret = new SecretBuilder()
                .withNewMetadata()
                .withName("mine")
                .withNamespace(namespace)
                .endMetadata()
                .withType("kubernetes.io/tls")
                .withData(
                        Map.of("tls.crt", encoded(certificate), "tls.key", encoded(key), "ca.crt", encoded(authority)))
                .build();
        client.resource(secret).createOr(existing -> existing.update());
    }

    private static final String MANIFEST = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: MutatingWebhookConfiguration
            metadata: {name: %s}
            webhooks:
              - name: namespace.injector.sidestep.dev
                clientConfig: {service: {name: none, namespace: %s, path: /inject}}
                rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps], scope: Namespaced}]
                namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: nobody}}
                failurePolicy: Ignore
                sideEffects: None
                admissionReviewVersions: [v1]
              - name: pod.injector.sidestep.dev
                clientConfig: {service: {name: none, namespace: %s, path: /inject}}
                rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps], scope: Namespaced}]
                namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: nobody}}
                failurePolicy: Ignore
                sideEffects: None
                admissionReviewVersions: [v1]
            """;

    /** As Helm and GitOps tools apply it, again and again. */
    private void applyManifest() {
        client.resource(MANIFEST.formatted(namespace, namespace, namespace))
                .fieldManager("helm")
                .forceConflicts()
                .serverSideApply();
    }

    @Test
    void theWebhooksBundleIsOursAndNothingElseOfIt() {
        applyManifest();
        var identity = new HeldIdentity(owner);
        Instant now = clock.instant();
        CertificateAuthority authority = CertificateAuthority.create(now, Duration.ofHours(1), random);
        Leaf leaf = authority.issue(Set.of("a"), Set.of(), now, now.plusSeconds(60), random);
        String bundle = CertificateAuthority.bundle(List.of(authority));
        new WebhookTrust(owner, client, namespace, found -> {
                    problems.clear();
                    problems.addAll(found);
                })
                .start(identity);
        owner.execute(() -> identity.show(leaf, bundle));
        awaitBundle(bundle);

        MutatingWebhookConfiguration applied = webhooks().get();
        assertThat(applied.getMetadata().getManagedFields())
                .filteredOn(entry -> entry.getManager().equals(WebhookTrust.FIELD_MANAGER))
                .singleElement()
                .satisfies(
                        entry -> assertThat(String.valueOf(entry.getFieldsV1().getAdditionalProperties()))
                                .contains("f:caBundle")
                                .doesNotContain("f:rules", "f:failurePolicy", "f:service", "f:labels"));
        applyManifest();
        assertThat(webhooks().get().getMetadata().getResourceVersion())
                .as("applying the chart again changes nothing")
                .isEqualTo(applied.getMetadata().getResourceVersion());

        webhooks().edit(found -> {
            found.getWebhooks().get(0).getClientConfig().setCaBundle(encoded(new TestAuthority().certificate()));
            return found;
        });
        awaitBundle(bundle);
        String later = bundle + new TestAuthority().certificate();
        owner.execute(() -> identity.trust(later));
        awaitBundle(later);
        assertThat(problems).isEmpty();
    }

    private void awaitBundle(String bundle) {
        Await.until(
                "the bundle is applied",
                SOON,
                () -> webhooks().get().getWebhooks().stream()
                        .allMatch(webhook ->
                                encoded(bundle).equals(webhook.getClientConfig().getCaBundle())));
    }

    @Test
    void withoutAConfigurationNoneIsMade() {
        var identity = new HeldIdentity(owner);
        new WebhookTrust(owner, client, namespace, problems::addAll).start(identity);
        Instant now = clock.instant();
        CertificateAuthority authority = CertificateAuthority.create(now, Duration.ofHours(1), random);
        owner.execute(() -> identity.show(
                authority.issue(Set.of("a"), Set.of(), now, now.plusSeconds(60), random),
                CertificateAuthority.bundle(List.of(authority))));
        Await.until("it was looked for", SOON, () -> !identity.bundle().isEmpty());
        assertThat(webhooks().get()).isNull();
        assertThat(problems).isEmpty();
    }

    @Test
    void aWholeControlPlaneServesAPodByItsToken() throws Exception {
        var anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        var replica =
                new ControlPlaneConfig.Replica("", namespace, Optional.empty(), namespace, folder.resolve("none"));
        ControlPlane controlPlane = ControlPlane.start(new ControlPlaneConfig(
                new ControlPlaneConfig.Kubernetes(Optional.of(kubeconfig), Optional.empty(), Set.of(namespace)),
                anyPort,
                Optional.of(anyPort),
                anyPort,
                false,
                Optional.empty(),
                replica,
                Settings.DEFAULT));
        closing.add(controlPlane);
        Await.until("the CA is kept", SOON, () -> secretOrNull() != null && controlPlane.isSynced());
        String bundle =
                new String(Base64.getDecoder().decode(secret().getData().get("ca.crt")), StandardCharsets.UTF_8);
        ManagedChannel channel = TlsStream.channel(
                controlPlane.xdsTlsAddress().orElseThrow(),
                bundle,
                "control-plane." + namespace + ".svc.cluster.local");
        closing.add(channel::shutdownNow);

        String token = token(Access.AUDIENCE, Optional.of(pod("web-1")));
        assertThat(new TlsStream(channel, token, Map.of("namespace", namespace, "pod", "web-1")).bundle())
                .isEqualTo(bundle);
        assertThat(new TlsStream(channel, token, Map.of("pod", "web-2")).end().getCode())
                .isEqualTo(Status.Code.PERMISSION_DENIED);
        assertThat(new TlsStream(channel, "", Map.of()).end().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    }
}
