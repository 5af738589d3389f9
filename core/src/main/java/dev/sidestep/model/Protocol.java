package dev.sidestep.model;

/** What a Service port says it speaks, by {@code appProtocol} first, then by the prefix of the port's name. */
public enum Protocol {
    /** Nothing said: found out by looking at the first bytes. */
    UNDECLARED,
    HTTP1,
    /** HTTP/2 without TLS, gRPC included. */
    HTTP2,
    /** TLS, passed through as it is. */
    TLS,
    /** Any other byte stream; balanced by connection. */
    TCP
}
