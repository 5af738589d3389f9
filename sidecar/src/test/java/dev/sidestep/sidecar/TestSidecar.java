package dev.sidestep.sidecar;

import dev.sidestep.sidecar.loop.Limits;
import dev.sidestep.sidecar.loop.Transport;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/** Sidecars as tests need them: on ports of the kernel's choice, one event loop. */
final class TestSidecar {
    private TestSidecar() {}

    static SidecarConfig config() {
        var anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        String transport =
                System.getProperty("sidestep.transport", Transport.best().name());
        return SidecarConfig.fromEnvironment(Map.of())
                .withListeners(anyPort, anyPort, anyPort)
                .withTransport(Transport.valueOf(transport.toUpperCase(Locale.ROOT)), 1)
                .withLimits(patient());
    }

    /** A machine that is busy with other tests answers late; no call is to fall back for that. */
    private static Limits patient() {
        Limits usual = Limits.DEFAULT;
        return new Limits(
                usual.headBytes(),
                usual.headTimeout(),
                usual.idleTimeout(),
                usual.writeBufferBytes(),
                usual.connectionsPerEndpoint(),
                usual.waitersPerEndpoint(),
                usual.upstreamIdle(),
                Duration.ofSeconds(5),
                usual.sniffTimeout(),
                usual.drain());
    }

    static Sidecar start(FakeControlPlane control) {
        return Sidecar.start(config(), made -> control);
    }
}
