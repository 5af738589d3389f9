package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Scenario;
import java.time.Duration;
import java.util.List;

/** All scenarios, in the order in which they are played. */
public final class Catalogue {
    private Catalogue() {}

    public static List<Scenario> all() {
        return List.of(
                new Tutorial(),
                new Evenness(),
                new Protocols(),
                new Tokens(),
                new InjectionTable(),
                new RollingRestart("rolling", 1, true),
                Fault.killed(),
                new RollingRestart("rolling-5", 5, false),
                Fault.stopped(),
                Fault.erring(),
                Fault.erringRetried(),
                Fault.blackholed(),
                new Walkthrough(),
                new Parity(),
                new Mode(),
                new SidecarAndAgent(),
                new SidecarKilled(),
                new Upgrade(),
                new ControlPlaneAway(Duration.ofMinutes(5)),
                new ApiServerStopped());
    }
}
