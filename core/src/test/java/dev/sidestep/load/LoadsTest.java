package dev.sidestep.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.load.EndpointLoad.End;
import dev.sidestep.load.LoadReport.Calls;
import dev.sidestep.load.LoadReport.Connection;
import dev.sidestep.load.LoadReport.Others;
import dev.sidestep.model.ClusterName;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class LoadsTest {
    private final Loads loads = new Loads();
    private final ServiceLoad web = loads.of(new ClusterName("web", "default", 80));

    private LoadReport take() {
        List<LoadReport> reports = loads.take();
        assertThat(reports).hasSize(1);
        return reports.get(0);
    }

    @Test
    void tellsOfEachAttemptOnce() {
        EndpointLoad one = web.endpoint("10.0.0.1:80");
        one.started();
        one.started();
        one.started();
        one.ended(End.SUCCEEDED, 5);
        one.ended(End.FAILED, 7);

        assertThat(take().endpoints())
                .containsExactly(new LoadReport.Endpoint("10.0.0.1:80", new Calls(3, 1, 1, 1, 12)));
        one.ended(End.DROPPED, 100);
        assertThat(loads.take()).isEmpty();
        one.started();
        assertThat(take().endpoints())
                .containsExactly(new LoadReport.Endpoint("10.0.0.1:80", new Calls(1, 0, 0, 1, 0)));
    }

    @Test
    void whatGoesWhereItWasGoingHasNoAddress() {
        web.endpoint("").started();

        assertThat(take().endpoints()).extracting(LoadReport.Endpoint::address).containsExactly("");
    }

    @Test
    void aConnectionGoesByTheSameNumberUntilItIsClosed() {
        CallerConnection first = web.connect();
        CallerConnection idle = web.connect();
        first.call();
        first.call();

        assertThat(take().connections()).containsExactly(new Connection(0, true, 2), new Connection(1, true, 0));
        assertThat(loads.take()).isEmpty();

        first.call();
        first.close();
        first.close();
        idle.close();
        assertThat(take().connections()).containsExactly(new Connection(0, false, 1));
        assertThat(loads.take()).isEmpty();
    }

    @Test
    void thoseWithTheFewestCallsAreToldTogether() {
        for (int i = 0; i < ServiceLoad.MOST_CONNECTIONS; i++) {
            CallerConnection busy = web.connect();
            LongStream.range(0, 100).forEach(call -> busy.call());
        }
        for (int i = 0; i < 10; i++) {
            CallerConnection connection = web.connect();
            LongStream.range(0, 2 + i % 2).forEach(call -> connection.call());
        }

        LoadReport report = take();
        assertThat(report.connections()).hasSize(ServiceLoad.MOST_CONNECTIONS).allMatch(it -> it.calls() == 100);
        assertThat(report.others()).containsExactly(new Others(10, 10, 25));
    }

    @Test
    void closedOnesThatNobodyTakesDoNotPileUp() {
        int opened = 20_000;
        for (int i = 0; i < opened; i++) {
            CallerConnection connection = web.connect();
            connection.call();
            connection.close();
        }

        LoadReport report = take();
        long told = report.connections().size()
                + report.others().stream().mapToLong(Others::connections).sum();
        long calls = report.connections().stream().mapToLong(Connection::calls).sum()
                + report.others().stream().mapToLong(Others::calls).sum();
        assertThat(told).isEqualTo(opened);
        assertThat(calls).isEqualTo(opened);
        assertThat(loads.take()).isEmpty();
    }

    @Test
    void anEndpointThatIsIdleForLongIsForgottenUnlessItOwesAnAnswer() {
        EndpointLoad idle = web.endpoint("10.0.0.1:80");
        EndpointLoad waiting = web.endpoint("10.0.0.2:80");
        idle.started();
        idle.ended(End.SUCCEEDED, 1);
        waiting.started();
        for (int i = 0; i < ServiceLoad.IDLE_TAKES + 3; i++) {
            loads.take();
        }

        assertThat(idle.isDropped()).isTrue();
        assertThat(web.endpoint("10.0.0.1:80")).isNotSameAs(idle);
        assertThat(waiting.isDropped()).isFalse();
    }

    @Test
    void whatIsNobodysIsNotKept() {
        CallerConnection connection = ServiceLoad.NONE.connect();
        connection.call();
        connection.close();

        assertThat(ServiceLoad.NONE.counts()).isFalse();
        assertThat(ServiceLoad.NONE.take()).isEmpty();
    }
}
