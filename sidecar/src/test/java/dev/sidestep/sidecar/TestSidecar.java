package dev.sidestep.sidecar;

import dev.sidestep.sidecar.loop.Transport;
import java.net.InetAddress;
import java.net.InetSocketAddress;
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
                .withTransport(Transport.valueOf(transport.toUpperCase(Locale.ROOT)), 1);
    }

    static Sidecar start(FakeControlPlane control) {
        return Sidecar.start(config(), made -> control);
    }
}
