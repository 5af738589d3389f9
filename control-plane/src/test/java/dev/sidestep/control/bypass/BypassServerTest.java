package dev.sidestep.control.bypass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.control.auth.Caller;
import dev.sidestep.control.index.Change;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.ObjectKey;
import dev.sidestep.control.index.Problems;
import dev.sidestep.control.index.ServiceItem;
import dev.sidestep.control.index.SliceItem;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.xds.proto.v1.BypassAnswer;
import dev.sidestep.xds.proto.v1.BypassReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BypassServerTest {
    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final ClusterIndex index = new ClusterIndex(owner, new Problems(owner), Duration.ZERO);
    private final List<Finding> findings = new ArrayList<>();
    private final BypassServer server = new BypassServer(owner, index, new WorkloadIndex(owner), findings::add);

    @BeforeEach
    void fill() {
        owner.run(() -> {
            index.apply(List.of(
                    Change.put(service("backend", false, "10.96.0.10")),
                    Change.put(slice("backend", false, "10.244.0.7")),
                    Change.put(service("backend6", false, "fd00:96:0:0:0:0:0:a")),
                    Change.put(slice("backend6", true, "fd00:244:0:0:0:0:0:7")),
                    Change.put(service("db", true)),
                    Change.put(slice("db", false, "10.244.0.8"))));
            index.synced();
        });
        owner.advance(Duration.ofSeconds(1));
    }

    private static ServiceItem service(String name, boolean headless, String... clusterIps) {
        return new ServiceItem(
                new ObjectKey(ObjectKey.Kind.SERVICE, "default", name),
                true,
                headless,
                List.of(clusterIps),
                List.of(),
                List.of(),
                List.of(new ServiceItem.Port("", 80, 8080, "")),
                false,
                Optional.empty(),
                Map.of());
    }

    private static SliceItem slice(String service, boolean ipv6, String address) {
        var backend = new SliceItem.Backend(address, ipv6, true, true, false, "", "", "", "", List.of(), List.of());
        return new SliceItem(
                new ObjectKey(ObjectKey.Kind.ENDPOINT_SLICE, "default", service + "-1"),
                service,
                List.of(new SliceItem.Subset(List.of(new SliceItem.Port("", 8080)), List.of(backend))));
    }

    private BypassAnswer report(List<String> vips, List<String> others) {
        var answer = new BypassAnswer[1];
        owner.run(() -> answer[0] = server.take(BypassReport.newBuilder()
                .setNamespace("shop")
                .setPod("cart-1")
                .addAllVips(vips)
                .addAllOthers(others)
                .build()));
        return answer[0];
    }

    @Test
    void saysWhichAddressesAreEndpointsOfServicesWithAVip() {
        List<String> asked = List.of(
                "10.244.0.7:8080",
                "10.244.0.7:9999",
                "[fd00:244:0:0:0:0:0:7]:8080",
                "10.244.0.8:8080",
                "93.184.216.34:443",
                "nonsense",
                "");
        assertThat(report(List.of(), asked).getEndpointsList())
                .as("not the headless Service's, which is called by address")
                .containsExactly("10.244.0.7:8080", "[fd00:244:0:0:0:0:0:7]:8080");
        assertThat(findings)
                .singleElement()
                .extracting(Finding::text)
                .asString()
                .startsWith("connections to 10.244.0.7:8080 (backend.default:80), [fd00:244:0:0:0:0:0:7]:8080"
                        + " (backend6.default:80) do not come to the pod's sidecar")
                .contains("socketLoadBalancing");
    }

    @Test
    void passesOnThatVipsAreCalledPastTheSidecar() {
        report(List.of("10.96.0.10:80", "10.96.0.11:80", "10.96.0.12:80", "10.96.0.13:80"), List.of());
        assertThat(findings)
                .singleElement()
                .extracting(Finding::text)
                .isEqualTo(
                        "connections to 10.96.0.10:80, 10.96.0.11:80, 10.96.0.12:80 and 1 more do not come to the pod's"
                                + " sidecar and are not balanced: see `kubectl logs cart-1 -n shop -c sidestep-redirect`; programs"
                                + " that run as uid or gid 16001 are left alone");
    }

    @Test
    void hasNothingToPassOnWhenNoServiceIsAmongThem() {
        assertThat(report(List.of(), List.of("93.184.216.34:443")).getEndpointsList())
                .isEmpty();
        assertThat(findings).isEmpty();
    }

    @Test
    void looksAtNoMoreAddressesThanAClientMayName() {
        List<String> many = new ArrayList<>(
                IntStream.range(0, 256).mapToObj(i -> "192.0.2.1:" + (i + 1)).toList());
        many.add("10.244.0.7:8080");
        assertThat(report(List.of(), many).getEndpointsList()).isEmpty();
    }

    @Test
    void letsAPodReportOfItselfOnly() {
        BypassReport report =
                BypassReport.newBuilder().setNamespace("shop").setPod("cart-1").build();
        assertThat(BypassServer.refusal(Optional.empty(), report)).isEmpty();
        assertThat(BypassServer.refusal(Optional.of(caller("cart-1")), report)).isEmpty();
        assertThat(BypassServer.refusal(Optional.of(caller("cart-2")), report)).isPresent();
    }

    private static Caller caller(String pod) {
        return new Caller("shop", "default", pod, "", "", Optional.empty());
    }
}
