package dev.sidestep.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.load.Evaluation;
import dev.sidestep.control.load.LoadData;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

final class ReportTableTest {
    private static LoadData data() {
        var client = new LoadData.Client(
                "shop",
                "caller-1",
                "caller-1",
                "sidestep-sidecar",
                "observe",
                List.of(),
                new LoadData.Calls(12_000, 11_999, 1, 0, 24),
                1,
                Map.of(3L, 12_000L),
                List.of());
        var endpoints = IntStream.range(0, 4)
                .mapToObj(i -> new LoadData.Endpoint("10.0.0." + i + ":80", "web-" + i))
                .toList();
        return new LoadData(
                600, List.of(new LoadData.Service("web.shop:80", 95, false, endpoints, Map.of(), List.of(client))));
    }

    @Test
    void saysWhatWasMeasuredAndWhatWasComputed() {
        List<String> lines = ReportTable.lines(Evaluation.of(List.of(data())), "namespace shop");

        assertThat(lines.get(0))
                .isEqualTo("namespace shop, the last 1 min 35 s, as told to 1 replica of the control plane");
        assertThat(lines.get(3).split("  +", 0))
                .containsExactly(
                        "web.shop:80",
                        "observe",
                        "1",
                        "12,000",
                        "1",
                        "1",
                        "12,000 (most 12,000)",
                        "4",
                        "-",
                        "4x, 3 idle",
                        "1x, 0 idle");
        assertThat(lines).anyMatch(line -> line.startsWith("measured: "));
        assertThat(lines).anyMatch(line -> line.startsWith("computed from these calls"));
    }

    @Test
    void saysWhenThereIsNothing() {
        assertThat(ReportTable.lines(Evaluation.of(List.of()), "namespace shop"))
                .singleElement()
                .asString()
                .startsWith("nothing was reported of namespace shop yet");
    }

    @Test
    void whatAControlPlaneWritesIsRead() {
        var json = new JsonMapper();

        assertThat(json.readValue(json.writeValueAsString(data()), LoadData.class))
                .isEqualTo(data());
    }
}
