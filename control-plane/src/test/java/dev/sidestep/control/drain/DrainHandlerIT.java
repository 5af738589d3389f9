package dev.sidestep.control.drain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.ads.AdsServer;
import dev.sidestep.control.ads.TestMesh;
import dev.sidestep.control.auth.HeldIdentity;
import dev.sidestep.control.auth.ServerIdentity;
import dev.sidestep.control.https.HttpsListener;
import dev.sidestep.control.index.Change;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Problems;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A kubelet asks over HTTPS whether pod web-1 may end. */
final class DrainHandlerIT {
    private static final PodName WEB_1 = new PodName("default", "web-1");

    private final ThreadSerialExecutor owner = new ThreadSerialExecutor("control-plane");
    private final ThreadSerialExecutor writer = new ThreadSerialExecutor("drained");
    private final ClusterIndex index = new ClusterIndex(owner, new Problems(owner), Duration.ofMillis(100));
    private final ServerIdentity identity =
            HeldIdentity.selfMade(Set.of("localhost"), Set.of(), InstantSource.system(), new SecureRandom());

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private HttpsListener listener;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private HttpClient kubelet;

    @BeforeEach
    void start() throws Exception {
        AdsServer ads = TestMesh.server(owner, index);
        var departures = new Departures(owner, index, ads::generation);
        var drains =
                new Drains(owner, new Drains.Views(departures, ads, null), new KnownPod(), new SimpleMeterRegistry());
        owner.execute(() -> {
            index.listen(touched -> {
                ads.onTouched(touched);
                drains.onTouched(touched);
            });
            index.synced();
            ads.onSynced();
            drains.onSynced();
        });
        slice(TestMesh.Pod.READY);
        var handler = new DrainHandler(new DrainPage(owner, drains), writer);
        listener = HttpsListener.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                identity,
                Map.of(DrainHandler.PATH, handler));
        kubelet =
                HttpClient.newBuilder().sslContext(trusting(identity.bundle())).build();
    }

    private void slice(TestMesh.Pod state) {
        var slice = TestMesh.slice("web", Map.of("web-1", state, "web-2", TestMesh.Pod.READY));
        owner.execute(() -> index.apply(List.of(Change.put(TestMesh.service("web")), Change.put(slice))));
    }

    private static SSLContext trusting(String bundle) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (Certificate each : CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(bundle.getBytes(StandardCharsets.US_ASCII)))) {
            store.setCertificateEntry("ca-" + store.size(), each);
        }
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    @AfterEach
    void stop() {
        listener.close();
        writer.close();
        owner.close();
    }

    private CompletableFuture<HttpResponse<String>> ask(String method, String path) {
        URI uri = URI.create("https://localhost:" + listener.address().getPort() + path);
        return kubelet.sendAsync(
                HttpRequest.newBuilder(uri)
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofString());
    }

    @Test
    void answersWhenAllClientsKnow() {
        List<CompletableFuture<HttpResponse<String>>> asked = new ArrayList<>();
        for (int i = 0; i < 16; i++) { // As many as there are threads: none of them waits.
            asked.add(ask("GET", "/drained/id-of-web-1?cap=60s"));
        }
        assertThat(ask("GET", "/drained/unknown?cap=60s").join().body())
                .isEqualTo("no pod is known by this id; it may end\n");

        slice(TestMesh.Pod.TERMINATING);
        for (CompletableFuture<HttpResponse<String>> each : asked) {
            assertThat(each.join().statusCode()).isEqualTo(200);
            assertThat(each.join().body()).startsWith("pod default/web-1: all clients know after ");
        }
    }

    @Test
    void answersAtTheCap() {
        HttpResponse<String> response =
                ask("GET", "/drained/id-of-web-1?cap=1s").join();

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body())
                .matches(
                        "pod default/web-1: ends after [1-9][.][0-9]{2} s although its EndpointSlices have it as ready\n");
    }

    @Test
    void isAskedByGet() {
        assertThat(ask("POST", "/drained/id-of-web-1").join().statusCode()).isEqualTo(405);
    }

    private static final class KnownPod implements Pods {
        @Override
        public Optional<PodName> byDrainId(String id) {
            return id.equals("id-of-web-1") ? Optional.of(WEB_1) : Optional.empty();
        }

        @Override
        public boolean stays(PodName pod) {
            return false;
        }
    }
}
