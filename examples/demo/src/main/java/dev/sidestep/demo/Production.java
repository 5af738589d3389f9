package dev.sidestep.demo;

import java.util.List;

/** One way to give the demo: on this machine, or in a cluster. */
interface Production extends AutoCloseable {
    Cast cast();

    /** Said before anything is started. */
    List<String> greeting();

    /** Plays it to its end. */
    Facts tell(Screen screen) throws DemoException, InterruptedException;

    List<Promise> promises(Facts facts);

    /** What to try while it is kept up. */
    List<String> commands();

    /** Said when it is kept up. */
    String kept();

    /** Ends all that it has started. For any thread, any number of times. */
    @Override
    void close();
}
