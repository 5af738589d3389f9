package dev.sidestep.control;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.index.Change;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Problems;
import dev.sidestep.control.index.SourceListener;
import dev.sidestep.control.index.WorkloadIndex;
import java.util.List;

/** Takes what the source says to the index's owner. */
final class Intake implements SourceListener {
    private final SerialExecutor owner;
    private final ClusterIndex index;
    private final WorkloadIndex workloads;
    private final Problems problems;
    private final Runnable synced;

    Intake(SerialExecutor owner, ClusterIndex index, WorkloadIndex workloads, Problems problems, Runnable synced) {
        this.owner = owner;
        this.index = index;
        this.workloads = workloads;
        this.problems = problems;
        this.synced = synced;
    }

    @Override
    public void onChanges(List<Change> changes) {
        owner.execute(() -> {
            index.apply(changes);
            workloads.apply(changes);
        });
    }

    @Override
    public void onSynced() {
        owner.execute(synced);
    }

    @Override
    public void onListedAgain() {
        owner.execute(index::removalsConfirmed);
    }

    @Override
    public void onProblems(String origin, List<String> lines) {
        owner.execute(() -> problems.replace(origin, lines));
    }
}
