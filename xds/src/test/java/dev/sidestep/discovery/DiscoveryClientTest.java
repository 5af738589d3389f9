package dev.sidestep.discovery;

import static dev.sidestep.discovery.Answer.BACKEND;
import static dev.sidestep.discovery.Answer.OTHER;
import static dev.sidestep.discovery.Answer.VIP;
import static dev.sidestep.discovery.Answer.broken;
import static dev.sidestep.discovery.Answer.encoded;
import static dev.sidestep.discovery.Answer.removed;
import static dev.sidestep.discovery.Answer.self;
import static dev.sidestep.discovery.Answer.service;
import static dev.sidestep.discovery.Answer.services;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import dev.sidestep.xds.proto.discovery.Resource;
import dev.sidestep.xds.proto.rpc.Status;
import io.grpc.ConnectivityState;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DiscoveryClientTest {
    private static final Identity IDENTITY =
            new Identity("frontend-1", "default", "n1", "frontend-1", "sidestep-agent", "0.1.0");

    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final FakeChannel channel = new FakeChannel(owner);
    private final RecordingWatcher watcher = new RecordingWatcher();
    private final DiscoveryClient client =
            new DiscoveryClient(IDENTITY, channel, owner, watcher, () -> 0.5, Optional.empty());

    @Test
    void saysWhoItIsAndAsksForItselfFirst() {
        List<DeltaDiscoveryRequest> requests = started().take();
        assertThat(requests).hasSize(1);
        DeltaDiscoveryRequest first = requests.get(0);
        assertThat(first.getTypeUrl()).isEqualTo(ResourceType.SELF);
        assertThat(first.getResourceNamesSubscribeList()).containsExactly("self");
        assertThat(first.getNode().getId()).isEqualTo("frontend-1");
        assertThat(first.getNode().getUserAgentName()).isEqualTo("sidestep-agent");
        assertThat(first.getNode().getUserAgentVersion()).isEqualTo("0.1.0");
        assertThat(first.getNode().getMetadata().getFieldsOrThrow("namespace").getStringValue())
                .isEqualTo("default");
    }

    @Test
    void isConnectedOnceItWasAnsweredNotOnceItHasAsked() {
        FakeChannel.Stream stream = started();
        assertThat(watcher.take()).isEmpty();
        stream.answer(self("n1"));
        assertThat(watcher.take()).containsExactly("self default", "connected");
        assertThat(stream.take()).last().satisfies(it -> {
            assertThat(it.getTypeUrl()).isEqualTo(ResourceType.SELF);
            assertThat(it.getResponseNonce()).isEqualTo("n1");
            assertThat(it.hasNode()).isFalse();
        });
    }

    @Test
    void asksForAllNamesOfOneTurnInOneRequest() {
        FakeChannel.Stream stream = connected();
        owner.run(() -> {
            client.subscribe(BACKEND);
            client.subscribe(VIP);
            client.subscribe(BACKEND);
            client.subscribe("dropped:80");
            client.unsubscribe("dropped:80");
        });
        assertThat(stream.take()).singleElement().satisfies(it -> {
            assertThat(it.getTypeUrl()).isEqualTo(ResourceType.SERVICE);
            assertThat(it.getResourceNamesSubscribeList()).containsExactly(BACKEND, VIP);
            assertThat(it.getResourceNamesUnsubscribeList()).isEmpty();
        });
    }

    @Test
    void acknowledgesWhatItTellsTheWatcher() {
        FakeChannel.Stream stream = asking(BACKEND);
        stream.answer(services("n2", service(BACKEND, 3)));
        assertThat(watcher.take()).containsExactly(BACKEND + " is backend with 3");
        assertThat(stream.take()).singleElement().satisfies(it -> {
            assertThat(it.getResponseNonce()).isEqualTo("n2");
            assertThat(it.hasErrorDetail()).isFalse();
        });
    }

    @Test
    void acknowledgesOnlyWhatCallsGoByAlready() {
        FakeChannel.Stream stream = asking(BACKEND);
        watcher.onCluster(() -> assertThat(stream.take()).isEmpty());
        stream.answer(services("n2", service(BACKEND, 3)));
        assertThat(stream.take()).hasSize(1);
    }

    @Test
    void oneResourceAnswersAllTheNamesItWasAskedFor() {
        FakeChannel.Stream stream = asking(BACKEND, VIP);
        stream.answer(services("n2", service(BACKEND, 3, VIP)));
        assertThat(watcher.take()).containsExactly(VIP + " is backend with 3", BACKEND + " is backend with 3");
        // Aliases need not be repeated.
        stream.answer(services("n3", service(BACKEND, 4)));
        assertThat(watcher.take()).containsExactly(VIP + " is backend with 4", BACKEND + " is backend with 4");
    }

    @Test
    void anAddressMayMoveToAnotherService() {
        FakeChannel.Stream stream = asking(VIP);
        stream.answer(services("n2", service(BACKEND, 3, VIP)));
        stream.answer(services("n3", service(OTHER, 1, VIP)));
        stream.answer(services("n4", service(BACKEND, 2)));
        assertThat(watcher.take()).containsExactly(VIP + " is backend with 3", VIP + " is other with 1");
        stream.answer(removed("n5", VIP));
        assertThat(watcher.take()).containsExactly("no " + VIP);
    }

    @Test
    void aRemovedResourceIsAbsentUnderAllItsNamesAndStaysSubscribed() {
        FakeChannel.Stream stream = asking(BACKEND, VIP);
        stream.answer(services("n2", service(BACKEND, 3, VIP)));
        stream.answer(removed("n3", BACKEND));
        assertThat(watcher.take().subList(2, 4)).containsExactly("no " + VIP, "no " + BACKEND);
        stream.take();
        stream.answer(services("n4", service(BACKEND, 1, VIP)));
        assertThat(watcher.take()).containsExactly(VIP + " is backend with 1", BACKEND + " is backend with 1");
    }

    @Test
    void anUnknownNameIsToldAtOnce() {
        FakeChannel.Stream stream = asking("nobody:80");
        stream.answer(removed("n2", "nobody:80"));
        assertThat(watcher.take()).containsExactly("no nobody:80");
    }

    @Test
    void refusesByResourceAndFieldAndKeepsTheGoodOnesAndTheLastGoodOne() {
        FakeChannel.Stream stream = asking(BACKEND, OTHER);
        stream.answer(services("n2", service(BACKEND, 3), service(OTHER, 1)));
        watcher.take();
        stream.take();
        stream.answer(services("n3", broken(BACKEND), service(OTHER, 2)));
        assertThat(watcher.take()).containsExactly(OTHER + " is other with 2");
        assertThat(stream.take()).singleElement().satisfies(it -> {
            assertThat(it.getResponseNonce()).isEqualTo("n3");
            Status error = it.getErrorDetail();
            assertThat(error.getCode()).isEqualTo(3);
            assertThat(error.getMessage()).startsWith(BACKEND + ": not a sidestep.v1.Service");
        });
        // The next stream says what is still held: the good version of it.
        stream.lose();
        owner.advance(ofSeconds(1));
        assertThat(channel.latest().take().get(1).getInitialResourceVersionsMap())
                .containsOnly(
                        entry(BACKEND, encoded(BACKEND, 3).version()),
                        entry(OTHER, encoded(OTHER, 2).version()));
    }

    @Test
    void aNameThatNeverHadAGoodAnswerGoesOnAsWithoutUs() {
        FakeChannel.Stream stream = asking(BACKEND);
        stream.answer(services("n2", broken(BACKEND)));
        assertThat(watcher.take()).containsExactly("no " + BACKEND);
        stream.answer(services("n3", service(BACKEND, 2)));
        assertThat(watcher.take()).containsExactly(BACKEND + " is backend with 2");
    }

    @Test
    void doesNotSpinWithAServerThatRepeatsWhatIsRefused() {
        FakeChannel.Stream stream = asking(BACKEND);
        stream.answer(services("n2", broken(BACKEND)));
        assertThat(stream.take()).as("the first is refused at once").hasSize(1);
        int refused = 0;
        for (int second = 0; second < 60; second++) {
            if (stream.mayAnswer()) {
                stream.answer(services("again-" + second, broken(BACKEND)));
            }
            owner.advance(ofMillis(999));
            refused += stream.take().size();
            owner.advance(ofMillis(1));
        }
        assertThat(refused).isBetween(0, 6);
        // Nobody else is held up.
        stream.answer(services("good", service(BACKEND, 1)));
        assertThat(stream.take())
                .extracting(DeltaDiscoveryRequest::getResponseNonce)
                .contains("good");
    }

    @Test
    void refusesTheLatestOfARepetitionInTheEnd() {
        FakeChannel.Stream stream = asking(BACKEND);
        stream.answer(services("n2", broken(BACKEND)));
        stream.answer(services("n3", broken(BACKEND)));
        stream.take();
        owner.advance(ofSeconds(2));
        assertThat(stream.take()).singleElement().satisfies(it -> {
            assertThat(it.getResponseNonce()).isEqualTo("n3");
            assertThat(it.hasErrorDetail()).isTrue();
        });
    }

    @Test
    void takesTheNextAnswerOnlyAfterTheLastOne() {
        FakeChannel.Stream stream = started();
        assertThat(stream.mayAnswer()).isTrue();
        stream.answer(self("n1"));
        assertThat(stream.mayAnswer()).isTrue();
    }

    @Test
    void aNewStreamIsToldOfAllNamesAndOfWhatIsKnown() {
        FakeChannel.Stream stream = asking(BACKEND, "nobody:80");
        stream.answer(services("n2", service(BACKEND, 3)));
        watcher.take();
        stream.lose();
        assertThat(watcher.take()).containsExactly("disconnected");
        owner.run(() -> client.subscribe(OTHER));
        owner.advance(ofMillis(125));
        List<DeltaDiscoveryRequest> requests = channel.latest().take();
        assertThat(channel.streams).hasSize(2);
        assertThat(requests).hasSize(3);
        assertThat(requests.get(0).getNode().getId()).isEqualTo("frontend-1");
        assertThat(requests.get(1).getResourceNamesSubscribeList()).containsExactly(BACKEND);
        assertThat(requests.get(1).getInitialResourceVersionsMap())
                .containsOnly(entry(BACKEND, encoded(BACKEND, 3).version()));
        assertThat(requests.get(2).getResourceNamesSubscribeList()).containsExactly("nobody:80", OTHER);
        assertThat(requests.get(2).getInitialResourceVersionsMap()).isEmpty();
        assertThat(watcher.take()).as("not connected before it is answered").isEmpty();
        channel.latest().answer(self("n1"));
        assertThat(watcher.take())
                .as("what it has may be old, until it has heard what is new")
                .containsExactly("self default");
        channel.latest().answer(services("n2", service(BACKEND, 4)));
        assertThat(watcher.take()).containsExactly(BACKEND + " is backend with 4");
        channel.latest().answer(services("n3"));
        assertThat(watcher.take()).containsExactly("connected");
    }

    @Test
    void aNewNameOfAKnownResourceIsAskedForApartFromTheVersionsThatWouldSilenceTheServer() {
        FakeChannel.Stream stream = asking(BACKEND);
        stream.answer(services("n2", service(BACKEND, 3)));
        stream.lose();
        owner.run(() -> client.subscribe(VIP));
        owner.advance(ofSeconds(1));
        assertThat(channel.latest().take())
                .last()
                .satisfies(it -> assertThat(it.getResourceNamesSubscribeList()).containsExactly(VIP))
                .satisfies(it -> assertThat(it.getInitialResourceVersionsMap()).isEmpty());
        channel.latest().answer(self("n1"));
        watcher.take();
        channel.latest().answer(services("n2", service(BACKEND, 3, VIP)));
        assertThat(watcher.take()).contains(VIP + " is backend with 3");
    }

    @Test
    void aFloodOfBadResourcesIsRefusedInAFewWords() {
        FakeChannel.Stream stream = asking(BACKEND);
        Resource[] bad = new Resource[10_000];
        Arrays.fill(bad, service(BACKEND, 1).toBuilder().clearResource().build());
        stream.answer(services("n2", bad));
        assertThat(stream.take())
                .singleElement()
                .satisfies(it -> assertThat(it.getErrorDetail().getMessage())
                        .hasSizeLessThan(1000)
                        .endsWith("; and 9995 more"));
    }

    @Test
    void waitsForTheChannelOnce() {
        started();
        channel.state = ConnectivityState.TRANSIENT_FAILURE;
        for (int i = 0; i < 1000; i++) {
            channel.latest().lose();
            owner.advance(ofSeconds(10));
        }
        assertThat(channel.callbacks()).isOne();
    }

    @Test
    void whatIsDroppedIsForgottenAndWhatIsAskedForAgainInTheSameTurnIsNot() {
        FakeChannel.Stream stream = asking(BACKEND, OTHER);
        stream.answer(services("n2", service(BACKEND, 3), service(OTHER, 1)));
        stream.take();
        owner.run(() -> {
            client.unsubscribe(BACKEND);
            client.unsubscribe(OTHER);
            client.subscribe(OTHER);
        });
        assertThat(stream.take())
                .singleElement()
                .satisfies(
                        it -> assertThat(it.getResourceNamesUnsubscribeList()).containsExactly(BACKEND));
        watcher.take();
        stream.answer(services("n3", service(BACKEND, 4), service(OTHER, 2)));
        assertThat(watcher.take()).containsExactly(OTHER + " is other with 2");
        DiscoveryStatus status = status();
        assertThat(status.resources())
                .extracting(DiscoveryStatus.Resource::name)
                .containsExactly(OTHER);
    }

    @Test
    void neverAsksForEverythingByAskingForNothing() {
        FakeChannel.Stream stream = connected();
        owner.run(() -> {
            client.subscribe(BACKEND);
            client.unsubscribe(BACKEND);
        });
        assertThat(stream.take()).isEmpty();
        stream.lose();
        owner.advance(ofSeconds(1));
        assertThat(channel.latest().take())
                .extracting(DeltaDiscoveryRequest::getTypeUrl)
                .containsExactly(ResourceType.SELF);
    }

    @Test
    void retriesQuicklyAtFirstAndThenEverMoreSlowlyUntilItIsAnsweredWell() {
        started();
        // Half of 250 ms, 500 ms, 1 s, 2 s, 4 s, 8 s, 10 s, 10 s.
        for (long wait : new long[] {125, 250, 500, 1000, 2000, 4000, 5000, 5000}) {
            int attempts = channel.streams.size();
            channel.latest().lose();
            owner.advance(ofMillis(wait - 1));
            assertThat(channel.streams).as("before %d ms", wait).hasSize(attempts);
            owner.advance(ofMillis(1));
            assertThat(channel.streams).as("after %d ms", wait).hasSize(attempts + 1);
        }
        assertThat(channel.resets).isEqualTo(channel.streams.size());
        assertThat(watcher.take()).as("it never was connected").isEmpty();
        channel.latest().answer(self("n1"));
        channel.latest().lose();
        int attempts = channel.streams.size();
        owner.advance(ofMillis(125));
        assertThat(channel.streams).hasSize(attempts + 1);
    }

    @Test
    void aConnectionThatStandsEndsTheWait() {
        started();
        channel.state = ConnectivityState.TRANSIENT_FAILURE;
        for (int i = 0; i < 10; i++) {
            channel.latest().lose();
            owner.advance(ofSeconds(10));
        }
        channel.latest().lose();
        int attempts = channel.streams.size();
        channel.become(ConnectivityState.CONNECTING);
        assertThat(channel.streams).hasSize(attempts);
        channel.become(ConnectivityState.READY);
        assertThat(channel.streams).hasSize(attempts + 1);
        owner.advance(ofSeconds(20));
        assertThat(channel.streams).as("the wait is really over").hasSize(attempts + 1);
    }

    @Test
    void aServerThatNeverAnswersIsLeft() {
        FakeChannel.Stream stream = started();
        owner.advance(ofSeconds(30));
        assertThat(stream.cancelled()).isEqualTo("no answer within 30 s");
        owner.advance(ofSeconds(1));
        assertThat(channel.streams).hasSize(2);
        channel.latest().answer(self("n1"));
        owner.advance(Duration.ofHours(1));
        assertThat(channel.streams).as("one that has answered is not").hasSize(2);
    }

    @Test
    void aRefusedFirstAnswerIsNoConnection() {
        FakeChannel.Stream stream = started();
        stream.answer(self("n1").toBuilder().setResources(0, broken("self")).build());
        assertThat(watcher.take()).isEmpty();
        assertThat(stream.take())
                .last()
                .satisfies(it -> assertThat(it.getErrorDetail().getMessage())
                        .isEqualTo("self: resource.type_url: of another type (expected: " + ResourceType.SELF + ")"));
    }

    @Test
    void aTypeThatNobodyAskedForIsRefused() {
        FakeChannel.Stream stream = connected();
        stream.answer(services("n2", service(BACKEND, 1)).toBuilder()
                .setTypeUrl(ResourceType.CLUSTER)
                .build());
        assertThat(stream.take()).last().satisfies(it -> {
            assertThat(it.getTypeUrl()).isEqualTo(ResourceType.CLUSTER);
            assertThat(it.hasErrorDetail()).isTrue();
        });
    }

    @Test
    void showsWhatItKnows() {
        FakeChannel.Stream stream = asking(BACKEND, VIP, "nobody:80");
        stream.answer(services("n2", service(BACKEND, 3, VIP)));
        stream.answer(services("n3", broken(BACKEND)));
        owner.advance(ofSeconds(7));
        DiscoveryStatus status = status();
        assertThat(status.connectedFor()).contains(ofSeconds(7));
        assertThat(status.types())
                .containsEntry(
                        ResourceType.SERVICE,
                        new DiscoveryStatus.Type(
                                "n3",
                                1,
                                1,
                                BACKEND + ": not a sidestep.v1.Service: Protocol message tag had invalid wire type."));
        assertThat(status.resources())
                .containsExactly(new DiscoveryStatus.Resource(
                        BACKEND, encoded(BACKEND, 3).version(), List.of(VIP, BACKEND), Optional.empty()));
        assertThat(status.unanswered()).containsExactly("nobody:80");
        stream.lose();
        assertThat(status().connectedFor()).isEmpty();
        assertThat(status().lastError()).isEqualTo("UNAVAILABLE: connection reset");
    }

    @Test
    void whatIsAskedBetweenGivingUpAndTheEndOfAStreamIsAskedOnTheNext() {
        // Told to the server right after the time-out, before gRPC has told the end.
        owner.schedule(ofSeconds(30), () -> client.subscribe(BACKEND));
        started();
        owner.advance(ofSeconds(31));
        assertThat(channel.latest().take())
                .last()
                .satisfies(it -> assertThat(it.getResourceNamesSubscribeList()).containsExactly(BACKEND));
    }

    @Test
    void aRefusalThatWaitsIsDroppedWhenItIsStopped() {
        FakeChannel.Stream stream = asking(BACKEND);
        stream.answer(services("n2", broken(BACKEND)));
        stream.answer(services("n3", broken(BACKEND)));
        client.stop();
        owner.run(() -> client.subscribe(OTHER));
        stream.take();
        owner.advance(ofSeconds(60));
        assertThat(stream.take()).isEmpty();
    }

    @Test
    void isQuietAfterItWasStopped() {
        FakeChannel.Stream stream = connected();
        client.stop();
        owner.advance(Duration.ofHours(1));
        assertThat(stream.cancelled()).isEqualTo("stopped");
        assertThat(channel.streams).hasSize(1);
        assertThat(watcher.take()).isEmpty();
    }

    private FakeChannel.Stream started() {
        client.start();
        owner.advance(Duration.ZERO);
        return channel.latest();
    }

    private FakeChannel.Stream connected() {
        FakeChannel.Stream stream = started();
        stream.answer(self("n1"));
        stream.take();
        watcher.take();
        return stream;
    }

    private FakeChannel.Stream asking(String... names) {
        FakeChannel.Stream stream = connected();
        owner.run(() -> List.of(names).forEach(client::subscribe));
        stream.take();
        return stream;
    }

    private DiscoveryStatus status() {
        var status = client.status();
        owner.advance(Duration.ZERO);
        return status.join();
    }
}
