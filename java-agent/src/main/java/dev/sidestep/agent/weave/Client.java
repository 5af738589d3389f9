package dev.sidestep.agent.weave;

import java.util.List;

/**
 * A client library that calls are balanced for.
 *
 * @param name as {@code SIDESTEP_INSTRUMENTATION_<CLIENT>_ENABLED} spells it
 * @param title as messages spell it
 * @param weavings every class that is changed; all of them or none
 * @param helpers our classes that woven code needs in the library's own loader, each after those that it extends
 */
public record Client(String name, String title, List<Weaving> weavings, List<String> helpers) {
    public Client {
        weavings = List.copyOf(weavings);
        helpers = List.copyOf(helpers);
    }
}
