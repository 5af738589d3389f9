package dev.sidestep.e2e;

import java.util.Set;

/** Something to be seen on a real cluster. */
public interface Scenario {
    /** What it takes besides a cluster. */
    enum Need {
        /** Sidestep, installed by its manifests. */
        SIDESTEP,
        /** A way to run commands on the node, {@code --node}. */
        NODE
    }

    /**
     * How it is listed.
     *
     * @param name for {@code --only}
     * @param about one line
     * @param ci whether {@code --ci} plays it
     */
    record Title(String name, String about, boolean ci, Set<Need> needs) {
        public Title {
            needs = Set.copyOf(needs);
        }
    }

    Title title();

    /**
     * Plays it, and tells the stage's findings what was seen. It need not clean up what lies in the stage's namespace.
     *
     * @throws Exception when it could not be played to its end, which is a finding too
     */
    void play(Stage stage) throws Exception;
}
