package dev.sidestep.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.Traffic.Behaviour;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.model.TrafficPolicy.Retry;
import dev.sidestep.model.TrafficPolicy.Retry.On;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * What failing endpoints cost callers, with and without ejection, written down so that a change of behaviour shows as a change
 * of a file: {@code docs/simulation.md}. After a change that is meant: {@code -Dsimulation.write=true}.
 */
final class SimulationTest {
    private static final Path REPORT = Path.of("..", "docs", "simulation.md");
    private static final int ENDPOINTS = 4;
    private static final int CALLS_PER_SECOND = 400;
    private static final Duration BEFORE = Duration.ofSeconds(5);
    private static final Duration DURING = Duration.ofSeconds(20);
    private static final Duration AFTER = Duration.ofSeconds(20);

    private record Fault(String name, int endpoints, Behaviour behaviour, Retry retry) {
        Fault(String name, int endpoints, Behaviour behaviour) {
            this(name, endpoints, behaviour, Retry.DEFAULT);
        }
    }

    private static final List<Fault> FAULTS = List.of(
            new Fault("none", 0, Behaviour.ANSWERS),
            new Fault("one refuses connections", 1, Behaviour.REFUSES),
            new Fault("one drops packets", 1, Behaviour.DROPS_PACKETS),
            new Fault("one hangs", 1, Behaviour.HANGS),
            new Fault("one resets connections", 1, Behaviour.RESETS),
            new Fault("one answers 503", 1, Behaviour.FAILS),
            new Fault("one answers 503, retry-on: 5xx", 1, Behaviour.FAILS, new Retry(Set.of(On.SERVER_ERROR), 2, 20)),
            new Fault("two refuse connections", 2, Behaviour.REFUSES),
            new Fault("three refuse connections", 3, Behaviour.REFUSES),
            new Fault("all answer 500", 4, Behaviour.FAILS),
            new Fault("all hang", 4, Behaviour.HANGS));

    @Test
    void reportIsWhatTheEngineDoes() throws IOException {
        String report = report();
        if (Boolean.getBoolean("simulation.write")) {
            Files.writeString(REPORT, report);
        }
        assertThat(Files.readString(REPORT))
                .as("docs/simulation.md (if the change is meant: run with -Dsimulation.write=true)")
                .isEqualTo(report);
    }

    private static String report() {
        var text = new StringBuilder(
                """
                # What failing endpoints cost

                Written by `SimulationTest` in `core`, checked by the build: %d endpoints that answer in 2.5 to 7.5 ms, %d GETs
                a second by round robin, each given up after 5 s. After %d s something fails for %d s, then all is well for %d s.
                Virtual time, fixed seed: the numbers are exact and change only with the engine.

                | fault | ejection | calls failed | given to the faulty while they were | of those after 2 s | unevenness at the end |
                |---|---|---|---|---|---|
                """.formatted(ENDPOINTS, CALLS_PER_SECOND, BEFORE.toSeconds(), DURING.toSeconds(), AFTER.toSeconds()));
        for (Fault fault : FAULTS) {
            for (boolean ejection : List.of(true, false)) {
                text.append(row(fault, ejection));
            }
        }
        return text.toString();
    }

    private static String row(Fault fault, boolean ejection) {
        var mesh = new Mesh(3);
        Destination backend = mesh.backend();
        TrafficPolicy policy =
                Mesh.with(ejection ? Optional.of(TrafficPolicy.Ejection.DEFAULT) : Optional.empty(), fault.retry());
        mesh.tell(Mesh.cluster(policy, Mesh.ready(ENDPOINTS)));
        var traffic = new Traffic(mesh.owner, 3);
        traffic.callerTimeout(Duration.ofSeconds(5));
        traffic.moveFromHung(mesh.balancer, true);
        traffic.run(backend, CALLS_PER_SECOND, BEFORE);
        long from = mesh.owner.nanoTime();
        for (int i = 1; i <= fault.endpoints(); i++) {
            traffic.behave(address(i), fault.behaviour());
        }
        traffic.run(backend, CALLS_PER_SECOND, DURING);
        long until = mesh.owner.nanoTime();
        for (int i = 1; i <= fault.endpoints(); i++) {
            traffic.heal(address(i));
        }
        traffic.run(backend, CALLS_PER_SECOND, AFTER);
        long given = 0;
        long late = 0;
        for (int i = 1; i <= fault.endpoints(); i++) {
            given += traffic.attempts(address(i), from, until);
            late += traffic.attempts(address(i), from + Duration.ofSeconds(2).toNanos(), until);
        }
        return String.format(
                Locale.ROOT,
                "| %s | %s | %d of %d | %d | %d | %.3f |\n",
                fault.name(),
                ejection ? "on" : "off",
                traffic.failed,
                traffic.calls,
                given,
                late,
                traffic.unevenness(
                        ENDPOINTS, mesh.owner.nanoTime() - Duration.ofSeconds(1).toNanos()));
    }

    private static String address(int number) {
        return "10.0.0." + number + ":8080";
    }
}
