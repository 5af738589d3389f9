package dev.sidestep.control.ads;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.control.auth.Refusals;
import dev.sidestep.control.index.Callers;
import dev.sidestep.control.index.Change;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Item;
import dev.sidestep.control.index.ObjectKey;
import dev.sidestep.control.index.ObjectKey.Kind;
import dev.sidestep.control.index.Problems;
import dev.sidestep.control.index.ServiceItem;
import dev.sidestep.control.index.SliceItem;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.model.Mode;
import dev.sidestep.xds.Frame;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An index and its streams, in virtual time. */
final class Bench {
    static final Duration WINDOW = Duration.ofMillis(100);

    final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    final Problems problems = new Problems(owner);
    final ClusterIndex index = new ClusterIndex(owner, problems, WINDOW);
    final WorkloadIndex workloads = new WorkloadIndex(owner);
    final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    final Refusals refusals = new Refusals(owner, registry);
    final AdsServer ads;

    Bench() {
        this(XdsLimits.DEFAULT);
    }

    Bench(XdsLimits limits) {
        ads = new AdsServer(
                owner,
                index,
                new Callers(workloads, problems),
                new Mesh(Mode.BALANCE, "cluster.local", List.of("10.96.0.0/12")),
                new Admission(limits, refusals),
                registry);
        index.listen(ads);
        workloads.listen(ads);
    }

    void sync() {
        owner.run(() -> {
            index.synced();
            ads.onSynced();
        });
    }

    void put(Item... items) {
        apply(Arrays.stream(items).map(Change::put).toList());
    }

    void remove(ObjectKey... keys) {
        apply(Arrays.stream(keys).map(Change::removed).toList());
    }

    private void apply(List<Change> changes) {
        owner.run(() -> {
            index.apply(changes);
            workloads.apply(changes);
        });
    }

    /** Lets the index be quiet again, so that the next change is published at once. */
    void settle() {
        owner.advance(Duration.ofSeconds(1));
    }

    static String name(String service) {
        return service + ".default.svc.cluster.local:80";
    }

    static ServiceItem service(String name, String... vips) {
        return new ServiceItem(
                new ObjectKey(Kind.SERVICE, "default", name),
                true,
                false,
                List.of(vips),
                List.of(),
                List.of(),
                List.of(new ServiceItem.Port("", 80, 8080, "")),
                false,
                Optional.empty(),
                Map.of());
    }

    /** The only slice of a Service: ready endpoints on port 8080 at these addresses. */
    static SliceItem slice(String service, String... addresses) {
        return slice(service, Arrays.stream(addresses).map(a -> backend(a, "")).toList());
    }

    static SliceItem slice(String service, List<SliceItem.Backend> backends) {
        return new SliceItem(
                new ObjectKey(Kind.ENDPOINT_SLICE, "default", service),
                service,
                List.of(new SliceItem.Subset(List.of(new SliceItem.Port("", 8080)), backends)));
    }

    /** @param zone where it is, and whom the hints keep it for; "" for nowhere and no hints */
    static SliceItem.Backend backend(String address, String zone) {
        return new SliceItem.Backend(
                address,
                false,
                true,
                true,
                false,
                "",
                "",
                "",
                zone,
                zone.isEmpty() ? List.of() : List.of(zone),
                List.of());
    }

    /** Takes frames, as long as it is told to. */
    static class FakeOutlet implements Outlet {
        private final List<Frame> frames = new ArrayList<>();
        boolean ready = true;
        String end = "";

        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public void send(Frame frame) {
            frames.add(frame);
        }

        @Override
        public void goAway(String reason) {
            end = "go away: " + reason;
        }

        @Override
        public void refuse(String reason) {
            end = "refused: " + reason;
        }

        @Override
        public void deny(String reason) {
            end = "denied: " + reason;
        }

        /** What was sent since the last call. */
        List<Frame> take() {
            List<Frame> taken = List.copyOf(frames);
            frames.clear();
            return taken;
        }
    }
}
