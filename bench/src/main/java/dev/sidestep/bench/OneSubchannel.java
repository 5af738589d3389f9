package dev.sidestep.bench;

import dev.sidestep.balancing.Subchannel;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** One endpoint of {@link Engine}, shared by all threads. */
@SuppressWarnings("NullAway.Init") // JMH calls the set-up before anything else.
@State(Scope.Benchmark)
public class OneSubchannel {
    Subchannel subchannel;

    @Setup
    public void pick(Engine engine) {
        subchannel = (Subchannel) engine.destination.pick();
    }
}
