package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Scenario;
import java.util.List;

/** All scenarios, in the order in which they are played. */
public final class Catalogue {
    private Catalogue() {}

    public static List<Scenario> all() {
        return List.of(
                new Tutorial(),
                new Evenness(),
                new RollingRestart("rolling", 1, true),
                new RollingRestart("rolling-5", 5, false),
                Fault.killed(),
                new Protocols(),
                Fault.stopped(),
                Fault.erring(),
                Fault.blackholed(),
                new Parity());
    }
}
