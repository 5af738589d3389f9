package dev.sidestep.discovery;

import static dev.sidestep.discovery.Answer.BACKEND;
import static dev.sidestep.discovery.Answer.VIP;
import static dev.sidestep.discovery.Answer.self;
import static dev.sidestep.discovery.Answer.service;
import static dev.sidestep.discovery.Answer.services;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.concurrent.VirtualTimeExecutor;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How long an old list is used: the client says how old it is, the load balancer decides. */
class StalenessTest {
    @TempDir
    private Path folder;

    private Instant now = Instant.parse("2026-11-23T00:00:00Z");

    /** One life of a process. */
    private final class Life {
        private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
        private final FakeChannel channel = new FakeChannel(owner);
        private final Instant start = now;
        private final Destination backend;

        Life() {
            var settings = LoadBalancer.Settings.inNamespace("default");
            var balancer = new LoadBalancer(owner, settings);
            var client = new DiscoveryClient(
                    new Identity("frontend-1", "default", "", "", "sidestep-agent", "0.1.0"),
                    channel,
                    owner,
                    balancer,
                    () -> 0.5,
                    Optional.of(new SnapshotStore(
                            folder.resolve("snapshot"), () -> start.plusNanos(owner.nanoTime()), Runnable::run)));
            balancer.start(client);
            client.start();
            backend = balancer.lookup("backend", 80);
            backend.pick(); // Asks for it.
            pass(Duration.ZERO);
        }

        void pass(Duration duration) {
            owner.advance(duration);
        }

        void connect() {
            channel.latest().answer(self("n1"));
        }

        /** Killed. The next one starts so much later. */
        void endAndThenWait(Duration pause) {
            now = start.plusNanos(owner.nanoTime()).plus(pause);
        }
    }

    private void learned() {
        Life life = new Life();
        life.connect();
        life.channel.latest().answer(services("n2", service(BACKEND, 3)));
        life.pass(ofSeconds(2));
        life.endAndThenWait(ofSeconds(10));
    }

    @Test
    void aRestartWithoutControlPlaneBalancesAtOnceAndForAMinute() {
        learned();
        Life life = new Life();
        assertThat(life.backend.pick()).isInstanceOf(Subchannel.class);
        assertThat(life.backend.mayConnect()).isTrue();
        life.pass(ofSeconds(48));
        assertThat(life.backend.mayConnect()).as("58 s old").isTrue();
        life.pass(ofSeconds(3));
        assertThat(life.backend.mayConnect()).as("61 s old").isFalse();
    }

    @Test
    void aListThatIsTooOldAlreadyIsNeverDialled() {
        learned();
        now = now.plusSeconds(300);
        Life life = new Life();
        assertThat(life.backend.mayConnect()).isFalse();
    }

    @Test
    void aStreamThatIsUpMakesAnOldListNoYoungerUntilItIsToldAgain() {
        learned();
        now = now.plusSeconds(300);
        Life life = new Life();
        life.connect();
        life.pass(ofSeconds(1));
        assertThat(life.backend.mayConnect()).isFalse();
        life.channel.latest().answer(services("n2", service(BACKEND, 2)));
        assertThat(life.backend.mayConnect()).isTrue();
        assertThat(life.backend.pick()).isInstanceOf(Subchannel.class);
    }

    @Test
    void anOutageMakesAListStaleUntilTheNextStreamHasToldAllThatIsNew() {
        Life life = new Life();
        life.connect();
        life.channel.latest().answer(services("n2", service(BACKEND, 3, VIP)));
        life.channel.latest().lose();
        life.pass(ofSeconds(59));
        assertThat(life.backend.mayConnect()).isTrue();
        life.pass(ofSeconds(2));
        assertThat(life.backend.mayConnect()).isFalse();
        life.connect();
        assertThat(life.backend.mayConnect())
                .as("the old list, on a stream that has not told what is new")
                .isFalse();
        life.channel.latest().answer(services("n3"));
        assertThat(life.backend.mayConnect()).isTrue();
    }

    @Test
    void withoutSnapshotAndControlPlaneCallsGoWhereTheyWereGoing() {
        Life life = new Life();
        life.channel.latest().lose();
        assertThat(life.backend.pick()).isEqualTo(PickResult.PassThrough.NO_CONTROL_PLANE);
    }
}
