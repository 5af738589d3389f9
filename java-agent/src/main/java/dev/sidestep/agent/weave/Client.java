package dev.sidestep.agent.weave;

import java.util.List;

/**
 * A client library that calls are balanced for.
 *
 * @param name as {@code SIDESTEP_INSTRUMENTATION_<CLIENT>_ENABLED} spells it
 * @param title as messages spell it
 * @param weavings every class that is changed; all of them or none
 */
public record Client(String name, String title, List<Weaving> weavings) {
    public Client {
        weavings = List.copyOf(weavings);
    }
}
