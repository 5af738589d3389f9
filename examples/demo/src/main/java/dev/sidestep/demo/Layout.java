package dev.sidestep.demo;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Who listens where: the default ports, or the next free ones. The VIP of both Services is 127.0.0.1.
 *
 * @param httpVip the forwarder in front of {@code backend-service}
 * @param grpcVip the forwarder in front of {@code greeter-service}
 */
record Layout(
        int httpVip,
        int grpcVip,
        InetSocketAddress xds,
        InetSocketAddress controlPlaneAdmin,
        InetSocketAddress proxy,
        InetSocketAddress sidecarAdmin,
        InetSocketAddress sidecarMetrics) {
    static Layout choose(Ports ports) throws DemoException {
        return new Layout(
                ports.next(16180),
                ports.next(16190),
                local(ports.next(16010)),
                local(ports.next(16080)),
                local(ports.next(16001)),
                local(ports.next(16000)),
                local(ports.next(16020)));
    }

    String httpUrl() {
        return "http://backend-service:" + httpVip + "/api";
    }

    String grpcTarget() {
        return "greeter-service:" + grpcVip;
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }
}
