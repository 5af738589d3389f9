package dev.sidestep.interop.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.interop.clients.Installed.ControlPlane;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.Manifests;
import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The unmodified {@code grpc-xds} of grpc-java, told of nothing but our control plane by its bootstrap. */
class GrpcJavaXdsIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    /** The bar for a change of the manifests to reach the calls; the directory is read four times a second. */
    private static final Duration FOLLOWS = Duration.ofSeconds(2);

    @TempDir
    static Path folder;

    private static Manifests manifests;
    private static ControlPlane controlPlane;

    private final List<AutoCloseable> opened = new ArrayList<>();

    @BeforeAll
    static void startControlPlane() {
        manifests = new Manifests(folder);
        controlPlane = Installed.controlPlane(folder);
        System.setProperty("io.grpc.xds.bootstrapConfig", """
                {"xds_servers": [{"server_uri": "%s", "channel_creds": [{"type": "insecure"}],
                  "server_features": ["xds_v3"]}], "node": {"id": "grpc-java-1"}}
                """.formatted(controlPlane.xds()));
    }

    @AfterAll
    static void stopControlPlane() {
        System.clearProperty("io.grpc.xds.bootstrapConfig");
        controlPlane.close();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    @Test
    void everyEndpointGetsItsShare() {
        service("even", "p0", "p1", "p2");
        ManagedChannel channel = channel("even");
        awaitAnswersFrom(channel, "p0", "p1", "p2");

        assertThat(call(channel, 300)).isEqualTo(Map.of("p0", 100, "p1", 100, "p2", 100));
    }

    @Test
    void endpointsThatComeAndGoAreFollowed() {
        service("changing", "p0", "p1");
        ManagedChannel channel = channel("changing");
        awaitAnswersFrom(channel, "p0", "p1");

        endpoint("changing", "p2");
        manifests.withoutEndpoint("changing", "p0");
        Await.untilPasses(
                "p1 and p2 only", FOLLOWS, () -> assertThat(call(channel, 20)).containsOnlyKeys("p1", "p2"));
        assertThat(call(channel, 300)).isEqualTo(Map.of("p1", 150, "p2", 150));
    }

    @Test
    void noEndpointMeansUnavailableAndOneThatComesBackIsUsed() {
        service("zero", "p0");
        ManagedChannel channel = channel("zero");
        awaitAnswersFrom(channel, "p0");

        manifests.withoutEndpoint("zero", "p0");
        Await.untilPasses(
                "UNAVAILABLE", FOLLOWS, () -> assertThat(call(channel, 1)).containsOnlyKeys("UNAVAILABLE"));
        endpoint("zero", "p1");
        awaitAnswersFrom(channel, "p1");
    }

    @Test
    void anUnknownServiceFailsAtOnceAndWorksOnceItExists() {
        ManagedChannel channel = channel("later");
        long start = System.nanoTime();
        assertThat(call(channel, 1)).containsOnlyKeys("UNAVAILABLE");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));

        service("later", "p0");
        awaitAnswersFrom(channel, "p0");
    }

    @Test
    void callsGoOnWhileTheControlPlaneRestarts() {
        service("steady", "p0", "p1");
        ManagedChannel channel = channel("steady");
        awaitAnswersFrom(channel, "p0", "p1");

        controlPlane.close();
        assertThat(call(channel, 20)).containsOnlyKeys("p0", "p1");
        controlPlane = Installed.controlPlane(folder, controlPlane.xdsPort(), controlPlane.adminPort());
        assertThat(call(channel, 20)).containsOnlyKeys("p0", "p1");
        endpoint("steady", "p2");
        awaitAnswersFrom(channel, "p0", "p1", "p2");
    }

    private void service(String name, String... pods) {
        manifests.service(name, "grpc", 80);
        for (String pod : pods) {
            endpoint(name, pod);
        }
    }

    private void endpoint(String service, String pod) {
        Greeter greeter = Greeter.start(pod);
        opened.add(greeter);
        manifests.endpoint(service, "grpc", pod, greeter.port());
    }

    private ManagedChannel channel(String service) {
        ManagedChannel channel = Grpc.newChannelBuilder(
                        "xds:///" + service + ".default.svc.cluster.local:80", InsecureChannelCredentials.create())
                .build();
        opened.add(() -> channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS));
        return channel;
    }

    /** Until each has a connection that stands, the first ones get more than their share. */
    private static void awaitAnswersFrom(ManagedChannel channel, String... names) {
        Await.untilPasses(
                "answers from " + List.of(names),
                SOON,
                () -> assertThat(call(channel, 3 * names.length)).containsOnlyKeys(names));
    }

    private static Map<String, Integer> call(ManagedChannel channel, int times) {
        Tally tally = new Tally();
        for (int i = 0; i < times; i++) {
            tally.add(call(channel));
        }
        return tally.counts();
    }

    private static String call(ManagedChannel channel) {
        try {
            return ClientCalls.blockingUnaryCall(
                    channel, Greeter.GREET, CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS), "");
        } catch (StatusRuntimeException e) {
            return Status.fromThrowable(e).getCode().name();
        }
    }
}
