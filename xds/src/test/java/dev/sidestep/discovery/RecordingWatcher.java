package dev.sidestep.discovery;

import dev.sidestep.balancing.Discovery;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.Self;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Writes down what it hears, one line each. */
final class RecordingWatcher implements Discovery.Watcher {
    private final List<String> heard = new ArrayList<>();
    private Runnable hook = () -> {};

    /** Runs {@code next} whenever a cluster is told. */
    void onCluster(Runnable next) {
        hook = next;
    }

    /** What was heard since the last time. */
    List<String> take() {
        List<String> taken = List.copyOf(heard);
        heard.clear();
        return taken;
    }

    @Override
    public void onSelf(Self self) {
        heard.add("self " + self.namespace());
    }

    @Override
    public void onCluster(String name, Cluster cluster, Duration age) {
        hook.run();
        heard.add(name + " is " + cluster.name().service() + " with "
                + cluster.endpoints().size() + (age.isZero() ? "" : ", " + age.toSeconds() + " s old"));
    }

    @Override
    public void onAbsent(String name) {
        heard.add("no " + name);
    }

    @Override
    public void onConnected() {
        heard.add("connected");
    }

    @Override
    public void onDisconnected() {
        heard.add("disconnected");
    }
}
