package dev.sidestep.sidecar.http2;

import dev.sidestep.sidecar.loop.Limits;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2LocalFlowController;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;

/** Makes the HTTP/2 codec of one connection, with every limit said: a default of the library is nobody's decision. */
final class Codec extends AbstractHttp2ConnectionHandlerBuilder<CodecHandler, Codec> {
    /**
     * Calls that a client may have open on one connection. An application's one gRPC channel holds all its streaming
     * calls, and without us most servers set it no bound at all: a low one would make the 101st watch hang. Each costs at
     * most {@link #STREAM_WINDOW} of buffer in each direction.
     */
    static final int CLIENT_STREAMS = 1024;

    /** Bytes of one direction of one call that we hold while its other side does not take them. */
    static final int STREAM_WINDOW = 65_535;

    /**
     * What all streams of a connection may have on their way to us. It is refilled as bytes arrive, not as they leave:
     * else a few callers that do not read would stop everyone whose calls share the connection. The streams' own windows
     * bound what is held.
     */
    static final int CONNECTION_WINDOW = 1 << 20;

    /** Streams share what the connection may send in pieces of this size; priorities are ignored (RFC 9113 §5.3.2). */
    private static final int SHARE_BYTES = 16 << 10;

    /**
     * RST_STREAM frames in one second, either way, above which the connection is abused (CVE-2023-44487,
     * CVE-2025-8671). The library's 200 in 30 s would cut the channel of an application whose calls run into their
     * deadlines at 10 a second.
     */
    private static final int RESETS_PER_SECOND = 2_000;

    /** Answers to PING and SETTINGS that wait for a client that does not read them (CVE-2019-9512, -9515). */
    private static final int QUEUED_CONTROL_FRAMES = 10_000;

    /** DATA frames in a row without a byte and without an end (CVE-2019-9518). */
    private static final int EMPTY_DATA_FRAMES = 16;

    /** CONTINUATION frames in a row that are nearly empty (CVE-2024-27316); the size of the head has its own limit. */
    private static final int SMALL_CONTINUATIONS = 16;

    /**
     * Unsent bytes of a connection beyond its high-water mark above which it is given no call. The windows hold DATA back;
     * this holds back heads, of requests for an endpoint that does not read or of responses for a client that does not.
     */
    static final int UNSENT_BYTES = 1 << 20;

    private final CodecListener listener;

    private Codec(CodecListener listener) {
        this.listener = listener;
    }

    /** The codec of a connection that a client opened to us. */
    static CodecHandler server(CodecListener listener, Limits limits) {
        Http2Settings settings = new Http2Settings()
                .maxConcurrentStreams(CLIENT_STREAMS)
                .initialWindowSize(STREAM_WINDOW)
                .maxHeaderListSize(limits.headBytes());
        return new Codec(listener)
                .make(new DefaultHttp2Connection(true), settings)
                .decoderEnforceMaxRstFramesPerWindow(RESETS_PER_SECOND, 1)
                .encoderEnforceMaxRstFramesPerWindow(RESETS_PER_SECOND, 1)
                .gracefulShutdownTimeoutMillis(limits.drain().toMillis())
                .build();
    }

    /** The codec of a connection that we open to an endpoint. */
    static CodecHandler client(CodecListener listener, Limits limits) {
        Http2Settings settings = new Http2Settings()
                .pushEnabled(false)
                .initialWindowSize(STREAM_WINDOW)
                .maxHeaderListSize(limits.headBytes());
        return new Codec(listener)
                .make(new DefaultHttp2Connection(false), settings)
                // The calls of many clients share it: that one of them cancels many must not end it for all.
                .decoderEnforceMaxRstFramesPerWindow(0, 0)
                .encoderEnforceMaxRstFramesPerWindow(0, 0)
                .encoderIgnoreMaxHeaderListSize(true) // It is the endpoint that refuses what is too long for it.
                .gracefulShutdownTimeoutMillis(0)
                .build();
    }

    private Codec make(Http2Connection connection, Http2Settings settings) {
        connection
                .local()
                .flowController(new DefaultHttp2LocalFlowController(
                        connection, DefaultHttp2LocalFlowController.DEFAULT_WINDOW_UPDATE_RATIO, true));
        var distributor = new UniformStreamByteDistributor(connection);
        distributor.minAllocationChunk(SHARE_BYTES);
        connection.remote().flowController(new DefaultHttp2RemoteFlowController(connection, distributor));
        return connection(connection)
                .initialSettings(settings)
                .frameListener(listener)
                .validateHeaders(true)
                .validateRequiredPseudoHeaders(true)
                .decoderEnforceMaxConsecutiveEmptyDataFrames(EMPTY_DATA_FRAMES)
                .decoderEnforceMaxSmallContinuationFrames(SMALL_CONTINUATIONS)
                .encoderEnforceMaxQueuedControlFrames(QUEUED_CONTROL_FRAMES);
    }

    @Override
    protected CodecHandler build(
            Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings initialSettings) {
        return new CodecHandler(decoder, encoder, initialSettings, listener);
    }
}
