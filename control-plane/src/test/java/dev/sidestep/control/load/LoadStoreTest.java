package dev.sidestep.control.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.control.index.Callers;
import dev.sidestep.control.index.Callers.Place;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Problems;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.load.LoadReport;
import dev.sidestep.load.LoadReport.Calls;
import dev.sidestep.load.LoadReport.Connection;
import dev.sidestep.load.LoadReport.Endpoint;
import dev.sidestep.load.LoadReport.Others;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class LoadStoreTest {
    private static final ClusterName WEB = new ClusterName("web", "shop", 80);
    private static final Reporter CALLER =
            new Reporter("default", "caller-1", "caller-1", "sidestep-sidecar", Place.UNKNOWN);

    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final Problems problems = new Problems(owner);
    private final LoadStore store = new LoadStore(owner);
    private final LoadView view = new LoadView(
            owner,
            store,
            new ClusterIndex(owner, problems, Duration.ofMillis(100)),
            new Callers(new WorkloadIndex(owner), problems),
            Mode.OBSERVE);

    private static LoadReport report(ClusterName service, long calls, Connection... connections) {
        return new LoadReport(
                service,
                List.of(new Endpoint("", new Calls(calls, calls, 0, 1, 1000 * calls))),
                List.of(connections),
                List.of());
    }

    private void add(LoadReport report) {
        owner.run(() -> store.add(CALLER, report));
    }

    private List<LoadData.Service> services(String namespace, Duration since) {
        var data = new ArrayList<LoadData>();
        owner.run(() -> data.add(view.of(Optional.of(namespace), since)));
        return data.get(0).services();
    }

    private LoadData.Client only(Duration since) {
        List<LoadData.Service> services = services("shop", since);
        assertThat(services).hasSize(1);
        assertThat(services.get(0).clients()).hasSize(1);
        return services.get(0).clients().get(0);
    }

    @Test
    void aConnectionIsOneOverAllReports() {
        add(report(WEB, 5, new Connection(0, true, 3), new Connection(1, true, 2)));
        owner.advance(Duration.ofMinutes(2));
        add(report(WEB, 7, new Connection(0, false, 7)));

        LoadData.Client client = only(Duration.ofMinutes(10));
        assertThat(client.connections()).containsOnly(java.util.Map.entry(0L, 10L), java.util.Map.entry(1L, 2L));
        assertThat(client.opened()).isEqualTo(2);
        assertThat(client.calls().issued()).isEqualTo(12);
        assertThat(client.calls().inProgress()).isEqualTo(1);
        assertThat(client.mode()).isEqualTo("observe");
    }

    @Test
    void onlyWhatIsAskedForIsTold() {
        add(report(WEB, 5));
        add(report(new ClusterName("other", "default", 80), 9));

        assertThat(services("shop", Duration.ofMinutes(1)))
                .extracting(LoadData.Service::name)
                .containsExactly("web.shop:80");
        assertThat(services("nowhere", Duration.ofMinutes(1))).isEmpty();
    }

    @Test
    void whatIsOlderThanAskedForDoesNotCount() {
        add(report(WEB, 5));
        owner.advance(Duration.ofMinutes(5));
        add(report(WEB, 7));

        assertThat(only(Duration.ofMinutes(1)).calls().issued()).isEqualTo(7);
        assertThat(only(Duration.ofMinutes(10)).calls().issued()).isEqualTo(12);
        assertThat(services("shop", Duration.ofMinutes(10)).get(0).seconds()).isEqualTo(300);
    }

    @Test
    void whatIsTenMinutesOldIsForgotten() {
        add(report(WEB, 5, new Connection(0, true, 5)));
        owner.advance(Duration.ofMinutes(12));

        assertThat(services("shop", Duration.ofHours(1))).isEmpty();
        owner.run(() -> assertThat(store.services()).isEmpty());
    }

    @Test
    void soManyConnectionsAreNotRememberedOneByOne() {
        var many = LongStream.range(0, 600_000)
                .mapToObj(id -> new Connection(id, true, id % 3))
                .toList();
        owner.run(() -> store.add(CALLER, new LoadReport(WEB, List.of(), many, List.of())));

        LoadData.Client client = only(Duration.ofMinutes(1));
        assertThat(client.connections()).hasSize(500_000);
        assertThat(client.others().stream()
                        .mapToLong(LoadData.Others::connections)
                        .sum())
                .isEqualTo(100_000);
        long calls = client.connections().values().stream()
                        .mapToLong(Long::longValue)
                        .sum()
                + client.others().stream().mapToLong(LoadData.Others::calls).sum();
        assertThat(calls).isEqualTo(many.stream().mapToLong(Connection::calls).sum());

        owner.advance(Duration.ofMinutes(12));
        add(report(WEB, 1, new Connection(7, true, 1)));
        assertThat(only(Duration.ofMinutes(1)).connections()).hasSize(1);
    }

    @Test
    void connectionsToldTogetherStayTogetherByTheirCalls() {
        owner.run(() -> store.add(
                CALLER,
                new LoadReport(WEB, List.of(), List.of(), List.of(new Others(10, 10, 10), new Others(5, 0, 500)))));
        owner.run(() -> store.add(CALLER, new LoadReport(WEB, List.of(), List.of(), List.of(new Others(20, 1, 20)))));

        assertThat(only(Duration.ofMinutes(1)).others())
                .containsExactlyInAnyOrder(new LoadData.Others(30, 30), new LoadData.Others(5, 500));
    }
}
