package dev.sidestep.control.index;

import dev.sidestep.model.Protocol;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What a Service port says it speaks. */
final class Protocols {
    /** IANA names, the {@code kubernetes.io/} ones of KEP-3726, and the prefixes of port names that meshes agree on. */
    private static final Map<String, Protocol> BY_NAME = Map.ofEntries(
            Map.entry("http", Protocol.HTTP1),
            Map.entry("http1", Protocol.HTTP1),
            Map.entry("ws", Protocol.HTTP1),
            Map.entry("kubernetes.io/ws", Protocol.HTTP1),
            Map.entry("http2", Protocol.HTTP2),
            Map.entry("h2c", Protocol.HTTP2),
            Map.entry("kubernetes.io/h2c", Protocol.HTTP2),
            Map.entry("grpc", Protocol.HTTP2),
            Map.entry("https", Protocol.TLS),
            Map.entry("tls", Protocol.TLS),
            Map.entry("kubernetes.io/wss", Protocol.TLS),
            Map.entry("tcp", Protocol.TCP),
            Map.entry("mongo", Protocol.TCP),
            Map.entry("mysql", Protocol.TCP),
            Map.entry("redis", Protocol.TCP));

    private Protocols() {}

    /** {@code appProtocol} first, then the port's name up to its first dash; else it is found out on the wire. */
    static Protocol of(String appProtocol, String portName) {
        return lookup(appProtocol)
                .or(() -> lookup(portName))
                .or(() -> lookup(portName.split("-", 2)[0]))
                .orElse(Protocol.UNDECLARED);
    }

    private static Optional<Protocol> lookup(String name) {
        return Optional.ofNullable(BY_NAME.get(name.toLowerCase(Locale.ROOT)));
    }
}
