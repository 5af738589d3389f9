package dev.sidestep.discovery;

import static dev.sidestep.discovery.Answer.BACKEND;
import static dev.sidestep.discovery.Answer.OTHER;
import static dev.sidestep.discovery.Answer.VIP;
import static dev.sidestep.discovery.Answer.broken;
import static dev.sidestep.discovery.Answer.removed;
import static dev.sidestep.discovery.Answer.self;
import static dev.sidestep.discovery.Answer.service;
import static dev.sidestep.discovery.Answer.services;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTest {
    private static final Instant START = Instant.parse("2026-11-23T00:00:00Z");

    @TempDir
    private Path folder;

    private Path file;
    private Instant startOfProcess = START;

    @BeforeEach
    void inAFolderThatIsNotThereYet() {
        file = folder.resolve("snapshots").resolve("frontend");
    }

    /** One life of a process. */
    private final class Life {
        private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
        private final FakeChannel channel = new FakeChannel(owner);
        private final RecordingWatcher watcher = new RecordingWatcher();
        private final Instant start = startOfProcess;
        private final DiscoveryClient client;

        Life(String namespace) {
            var store = new SnapshotStore(file, this::now, Runnable::run);
            client = new DiscoveryClient(
                    new Identity("frontend-1", namespace, "", "", "sidestep-agent", "0.1.0"),
                    channel,
                    owner,
                    watcher,
                    () -> 0.5,
                    Optional.of(store));
            client.start();
            pass(Duration.ZERO);
        }

        Instant now() {
            return start.plusNanos(owner.nanoTime());
        }

        void pass(Duration duration) {
            owner.advance(duration);
        }

        void ask(String... names) {
            owner.run(() -> List.of(names).forEach(client::subscribe));
            pass(Duration.ZERO);
        }

        List<String> initialVersions() {
            return channel.latest().take().stream()
                    .flatMap(it -> it.getInitialResourceVersionsMap().keySet().stream())
                    .toList();
        }

        /** Killed; the next life begins when this one has ended. */
        void end() {
            startOfProcess = now();
        }
    }

    /** A life that learned of {@code backend}, and was killed {@code after} that. */
    private void learned(Duration after) {
        Life life = new Life("default");
        life.channel.latest().answer(self("n1"));
        life.ask(BACKEND, VIP);
        life.channel.latest().answer(services("n2", service(BACKEND, 3, VIP)));
        life.pass(after);
        life.end();
    }

    @Test
    void aRestartWithoutControlPlaneKnowsWhatWasKnownAndHowOldItIs() {
        learned(ofSeconds(5));
        startOfProcess = startOfProcess.plusSeconds(10);
        Life life = new Life("default");
        assertThat(life.watcher.take()).containsExactly("self default");
        life.ask(VIP, OTHER);
        assertThat(life.watcher.take()).containsExactly(VIP + " is backend with 3, 14 s old");
        life.ask(BACKEND);
        assertThat(life.watcher.take()).containsExactly(BACKEND + " is backend with 3, 14 s old");
    }

    @Test
    void whatIsHeldIsWrittenAgainSoThatItsAgeIsThatOfTheOutage() {
        learned(ofMinutes(10).plusSeconds(5));
        Life life = new Life("default");
        life.ask(BACKEND);
        assertThat(life.watcher.take()).last().isEqualTo(BACKEND + " is backend with 3, 5 s old");
    }

    @Test
    void whileTheStreamIsDownTheAgeGrows() {
        Life life = new Life("default");
        life.channel.latest().answer(self("n1"));
        life.ask(BACKEND, OTHER);
        life.channel.latest().answer(services("n2", service(BACKEND, 3), service(OTHER, 1)));
        life.channel.latest().lose();
        life.pass(ofMinutes(2));
        life.end();
        Life next = new Life("default");
        next.ask(BACKEND);
        assertThat(next.watcher.take()).last().isEqualTo(BACKEND + " is backend with 3, 120 s old");
    }

    @Test
    void anAgeSurvivesAnotherRestartWithoutControlPlane() {
        learned(ofSeconds(1));
        Life second = new Life("default");
        second.ask(BACKEND);
        second.pass(ofMinutes(1));
        second.client.stop();
        second.pass(Duration.ZERO);
        second.end();
        Life third = new Life("default");
        third.ask(BACKEND);
        assertThat(third.watcher.take()).last().isEqualTo(BACKEND + " is backend with 3, 60 s old");
    }

    @Test
    void theControlPlanesAnswerReplacesWhatIsFromDisk() {
        learned(ofSeconds(5));
        Life life = new Life("default");
        life.ask(BACKEND, VIP);
        life.watcher.take();
        assertThat(life.initialVersions())
                .as("it has to be told again to be current")
                .isEmpty();
        life.channel.latest().answer(self("n1"));
        life.channel.latest().answer(services("n2", service(BACKEND, 3, VIP)));
        assertThat(life.watcher.take())
                .containsExactly(
                        "self default", "connected", VIP + " is backend with 3", BACKEND + " is backend with 3");
        life.channel.latest().answer(removed("n3", VIP));
        assertThat(life.watcher.take()).containsExactly("no " + VIP);
    }

    @Test
    void whatIsGoneByNowIsNotRememberedAgain() {
        learned(ofSeconds(5));
        Life life = new Life("default");
        life.channel.latest().answer(self("n1"));
        life.ask(BACKEND);
        life.channel.latest().answer(removed("n2", BACKEND));
        life.pass(ofSeconds(1));
        life.end();
        Life next = new Life("default");
        next.ask(BACKEND, VIP);
        assertThat(next.watcher.take()).containsExactly("self default");
    }

    @Test
    void whatNobodyAskedForAgainIsCarriedOnForAnHour() {
        learned(ofSeconds(5));
        Life second = new Life("default");
        second.channel.latest().answer(self("n1"));
        second.ask(OTHER);
        second.channel.latest().answer(services("n2", service(OTHER, 1)));
        second.pass(ofSeconds(30));
        second.end();
        Life third = new Life("default");
        third.ask(VIP);
        assertThat(third.watcher.take()).last().isEqualTo(VIP + " is backend with 3, 34 s old");
        third.channel.latest().answer(self("n1"));
        third.pass(ofMinutes(61));
        third.end();
        Life fourth = new Life("default");
        fourth.ask(OTHER);
        assertThat(fourth.watcher.take()).containsExactly("self default");
    }

    @Test
    void aRefusedAnswerLeavesWhatIsFromDiskInUse() {
        learned(ofSeconds(5));
        Life life = new Life("default");
        life.ask(BACKEND);
        life.channel.latest().answer(self("n1"));
        life.watcher.take();
        life.channel.latest().answer(services("n2", broken(BACKEND)));
        assertThat(life.watcher.take()).isEmpty();
    }

    @Test
    void aClockThatWasPutBackMakesNothingYoung() {
        learned(ofSeconds(5));
        startOfProcess = startOfProcess.minusSeconds(3600);
        Life life = new Life("default");
        life.ask(BACKEND);
        assertThat(life.watcher.take()).last().isEqualTo(BACKEND + " is backend with 3, 86400 s old");
    }

    @Test
    void anotherNamespacesSnapshotIsNotUsed() {
        learned(ofSeconds(5));
        Life life = new Life("shop");
        life.ask(BACKEND);
        assertThat(life.watcher.take()).isEmpty();
    }

    @Test
    void aDamagedFileIsAStartFromNothingAndIsReplaced() throws IOException {
        learned(ofSeconds(5));
        Files.writeString(file, "not a snapshot at all");
        Life life = new Life("default");
        life.ask(BACKEND);
        assertThat(life.watcher.take()).isEmpty();
        life.channel.latest().answer(self("n1"));
        life.channel.latest().answer(services("n2", service(BACKEND, 2)));
        life.pass(ofSeconds(2));
        life.end();
        Life next = new Life("default");
        next.ask(BACKEND);
        assertThat(next.watcher.take()).last().isEqualTo(BACKEND + " is backend with 2, 1 s old");
    }

    @Test
    void aPlaceWhereNothingCanBeWrittenStopsNothing() throws IOException {
        Files.writeString(folder.resolve("snapshots"), "a file where a folder should be");
        Life life = new Life("default");
        life.channel.latest().answer(self("n1"));
        life.ask(BACKEND);
        life.channel.latest().answer(services("n2", service(BACKEND, 2)));
        life.pass(ofMinutes(5));
        assertThat(life.watcher.take()).last().isEqualTo(BACKEND + " is backend with 2");
    }

    @Test
    void stoppingWritesWhatWasNotWrittenYet() {
        Life life = new Life("default");
        life.channel.latest().answer(self("n1"));
        life.ask(BACKEND);
        life.channel.latest().answer(services("n2", service(BACKEND, 2)));
        life.client.stop();
        life.pass(Duration.ZERO);
        life.end();
        Life next = new Life("default");
        next.ask(BACKEND);
        assertThat(next.watcher.take()).last().isEqualTo(BACKEND + " is backend with 2");
    }
}
