package dev.sidestep.control.bypass;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.control.index.Item.OwnerReference;
import dev.sidestep.control.index.Item.PodItem;
import dev.sidestep.control.index.ObjectKey;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BypassEventsTest {
    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final List<String> posted = new CopyOnWriteArrayList<>();
    private HttpServer api;
    private KubernetesClient client;
    private BypassEvents events;

    @BeforeEach
    void start() throws IOException {
        api = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        api.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            posted.add(exchange.getRequestURI().getPath() + " " + new String(body, StandardCharsets.UTF_8));
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(201, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        api.start();
        client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder()
                        .withMasterUrl("http://127.0.0.1:" + api.getAddress().getPort())
                        .build())
                .build();
        Instant now = Instant.parse("2026-11-23T08:00:00Z");
        events = new BypassEvents(owner, client, Runnable::run, InstantSource.fixed(now));
    }

    @AfterEach
    void stop() {
        client.close();
        api.stop(0);
    }

    private void find(String pod, String workload) {
        var known = new PodItem(
                ObjectKey.pod("shop", pod),
                "uid-of-" + pod,
                List.of(),
                false,
                "",
                "Running",
                false,
                Map.of(),
                Map.of(),
                Optional.of(new OwnerReference("ReplicaSet", workload)));
        var finding = new Finding("shop", pod, Optional.of(known), List.of("10.96.0.10:80"), List.of());
        owner.run(() -> events.onFinding(finding));
    }

    @Test
    void makesAWarningOfThePod() {
        find("cart-1", "cart");
        assertThat(posted)
                .singleElement()
                .asString()
                .startsWith("/api/v1/namespaces/shop/events ")
                .contains("\"type\":\"Warning\"", "\"reason\":\"NotIntercepted\"", "\"uid\":\"uid-of-cart-1\"")
                .contains("connections to 10.96.0.10:80 do not come to the pod's sidecar");
    }

    @Test
    void tellsOfEachWorkloadOnceAnHour() {
        find("cart-1", "cart");
        find("cart-2", "cart");
        find("cart-1", "cart");
        assertThat(posted).hasSize(1);
        find("till-1", "till");
        assertThat(posted).hasSize(2);
        owner.advance(Duration.ofHours(1));
        find("cart-2", "cart");
        assertThat(posted).hasSize(3);
    }

    @Test
    void makesNoFloodOfEvents() {
        for (int i = 0; i < 100; i++) {
            find("pod-" + i, "workload-" + i);
        }
        assertThat(posted).hasSize(20);
        owner.advance(Duration.ofSeconds(10));
        find("more-1", "more-1");
        find("more-2", "more-2");
        find("more-3", "more-3");
        assertThat(posted).hasSize(22);
    }
}
