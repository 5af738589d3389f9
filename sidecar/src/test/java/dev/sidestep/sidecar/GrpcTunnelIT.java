package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.sidecar.http2.GrpcPeer;
import dev.sidestep.sidecar.http2.Proxy;
import io.grpc.CallOptions;
import io.grpc.HttpConnectProxiedSocketAddress;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** gRPC through {@code http_proxy}: clients open a tunnel, and inside it every call is balanced. */
@ExtendWith(LeakRecorder.Check.class)
final class GrpcTunnelIT {
    private final FakeControlPlane control = new FakeControlPlane();
    private final List<GrpcPeer> peers = new ArrayList<>();
    private Sidecar sidecar;

    @BeforeEach
    void start() throws IOException {
        for (String name : List.of("a", "b", "c")) {
            peers.add(new GrpcPeer(name));
        }
        control.serves(
                "greeter",
                peers.stream().mapToInt(peer -> peer.address().getPort()).toArray());
        sidecar = Sidecar.start(TestSidecar.config().withLimits(Proxy.patient()), made -> control);
    }

    @AfterEach
    void stop() {
        sidecar.close();
        peers.forEach(GrpcPeer::close);
    }

    private NettyChannelBuilder through(String target) {
        return NettyChannelBuilder.forTarget("dns:///" + target)
                .usePlaintext()
                .proxyDetector(asked -> HttpConnectProxiedSocketAddress.newBuilder()
                        .setProxyAddress(sidecar.proxyAddress())
                        .setTargetAddress((InetSocketAddress) asked)
                        .build());
    }

    private static void call(ManagedChannel channel, int times) {
        for (int i = 0; i < times; i++) {
            ClientCalls.blockingUnaryCall(channel, GrpcPeer.NAME, CallOptions.DEFAULT, new byte[0]);
        }
    }

    @Test
    void callsInOneTunnelAreSpreadEvenly() {
        ManagedChannel channel = through("greeter:80").build();
        try {
            call(channel, 300);
        } finally {
            channel.shutdownNow();
        }
        assertThat(peers).extracting(peer -> peer.calls.get()).containsExactly(100, 100, 100);
    }

    @Test
    void theTunnelsTargetDecidesWhateverTheAuthority() {
        ManagedChannel channel =
                through("greeter:80").overrideAuthority("elsewhere.example:443").build();
        try {
            call(channel, 3);
        } finally {
            channel.shutdownNow();
        }
        assertThat(peers).extracting(peer -> peer.calls.get()).containsExactly(1, 1, 1);
    }

    @Test
    void aTunnelToWhatIsNoServiceLeadsThere() {
        int port = peers.get(1).address().getPort();
        ManagedChannel channel = through("127.0.0.1:" + port).build();
        try {
            call(channel, 3);
        } finally {
            channel.shutdownNow();
        }
        assertThat(peers).extracting(peer -> peer.calls.get()).containsExactly(0, 3, 0);
    }

    @Test
    void aCallThatNobodyTakesNamesWhatWasTried() {
        peers.forEach(GrpcPeer::close);
        ManagedChannel channel = through("greeter:80").build();
        try {
            assertThatThrownBy(() -> call(channel, 1)).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
                assertThat(e.getStatus().getDescription())
                        .startsWith("sidestep: greeter:80: CONNECT_FAILED, tried 127.0.0.1:")
                        .contains("ask: sidestep why greeter --admin ");
            });
        } finally {
            channel.shutdownNow();
        }
    }
}
