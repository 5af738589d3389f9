package dev.sidestep.sidecar.tcp;

import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.load.CallerConnection;
import dev.sidestep.load.EndpointLoad;
import dev.sidestep.model.Protocol;
import dev.sidestep.sidecar.loop.Held;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.LoopGuard;
import dev.sidestep.sidecar.loop.Target;
import dev.sidestep.sidecar.outbound.FirstWord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection on its way: picks, connects, tries another endpoint while nothing was sent, then joins the two halves. Of
 * a client that has not said a word it also finds out who speaks first; one that turns out to speak HTTP is handed back.
 * Confined to the client's event loop.
 */
final class TcpCall extends ChannelInboundHandlerAdapter implements LoopContext.Drainable {
    private static final Duration DIRECT_CONNECT = Duration.ofSeconds(30);

    private final LoopContext loop;
    private final Channel client;
    private final Target target;
    private final TcpConnections.Listener listener;
    private final long startedNanos;

    /** Judges what is said; null once it is settled that bytes are only passed on. */
    private @Nullable FirstWord firstWord;
    /** The other half, while both are silent. */
    private @Nullable Standing standing;

    private @Nullable Future<?> patience;

    private final List<String> tried = new ArrayList<>(0);
    private final List<Subchannel> triedEndpoints = new ArrayList<>(0);
    private int attempts;
    private ByteBuf held;
    private boolean over;
    private @Nullable Reason fallback;

    /** @param firstWord judges what is said; null if nobody is to look */
    TcpCall(
            LoopContext loop,
            Channel client,
            Target target,
            ByteBuf firstBytes,
            @Nullable FirstWord firstWord,
            TcpConnections.Listener listener) {
        this.loop = loop;
        this.firstWord = firstWord;
        this.client = client;
        this.target = target;
        this.listener = listener;
        held = firstBytes;
        startedNanos = loop.nanoTime();
    }

    void start() {
        client.pipeline().addLast(this);
        loop.opened(this);
        if (client.isActive()) {
            if (firstWord != null) {
                client.read();
            }
            follow(target.destination().pick());
        } else {
            gone();
        }
    }

    private void follow(PickResult result) {
        if (result instanceof Subchannel picked) {
            attempt(picked);
        } else if (result instanceof PickResult.PassThrough passThrough) {
            goDirect(passThrough.reason());
        } else {
            loop.whenAnswered(target.destination(), () -> {
                PickResult answer = target.destination().pick();
                if (over) {
                    return;
                }
                if (answer instanceof PickResult.Pending) {
                    goDirect(Reason.PENDING);
                } else {
                    follow(answer);
                }
            });
        }
    }

    private void attempt(Subchannel picked) {
        Destination destination = target.destination();
        if (!destination.mayConnect()) {
            goDirect(Reason.STALE);
            return;
        }
        attempts++;
        long attemptNanos = loop.nanoTime();
        picked.started(attemptNanos);
        EndpointLoad load = destination.load().endpoint(picked.toString());
        load.started();
        var waiting = new Upstream();
        loop.connector()
                .connect(picked.address(), destination.policy().connectTimeout(), waiting)
                .addListener(done -> {
                    if (over) {
                        picked.ended(Outcome.NEUTRAL, false, loop.nanoTime() - attemptNanos);
                        load.ended(Outcome.NEUTRAL.end(), loop.nanoTime() - attemptNanos);
                        waiting.close();
                    } else if (done.isSuccess()) {
                        // A stream may rightly stay silent: that it stands is all that can be told of its health.
                        long nowNanos = loop.nanoTime();
                        picked.firstByte(nowNanos);
                        connected(waiting, outcome -> {
                            picked.ended(outcome, true, nowNanos - attemptNanos);
                            load.ended(outcome.end(), nowNanos - attemptNanos);
                        });
                    } else {
                        boolean late = done.cause() instanceof ConnectTimeoutException;
                        Outcome outcome = late ? Outcome.CONNECT_TIMEOUT : Outcome.CONNECT_FAILED;
                        picked.ended(outcome, false, loop.nanoTime() - attemptNanos);
                        load.ended(outcome.end(), loop.nanoTime() - attemptNanos);
                        lost(picked, late ? Reason.CONNECT_TIMEOUT : Reason.CONNECT_FAILED);
                    }
                });
    }

    private void lost(Subchannel failed, Reason reason) {
        tried.add(failed.toString());
        triedEndpoints.add(failed);
        Destination destination = target.destination();
        if (!destination.mayRetry(true, false, attempts)) {
            fail(reason);
            return;
        }
        PickResult another = destination.pickAnother(triedEndpoints);
        if (another instanceof PickResult.Pending) {
            fail(reason);
        } else {
            target.stats().retried();
            follow(another);
        }
    }

    private void goDirect(@Nullable Reason reason) {
        if (reason != null) {
            loop.fellBack(target, reason);
        }
        fallback = reason;
        loop.originals(target, reason, found -> {
            if (!over) {
                connectDirect(found, 0, Reason.CONNECT_FAILED);
            }
        });
    }

    private void connectDirect(List<InetSocketAddress> addresses, int index, Reason before) {
        if (index == addresses.size()) {
            fail(fallback == Reason.NO_ENDPOINTS ? fallback : before);
            return;
        }
        InetSocketAddress address = addresses.get(index);
        if (LoopGuard.leadsBack(client, address)) {
            fail(Reason.LOOP);
            return;
        }
        EndpointLoad load = target.destination().loadOf(address);
        long attemptNanos = loop.nanoTime();
        load.started();
        var waiting = new Upstream();
        loop.connector().connect(address, DIRECT_CONNECT, waiting).addListener(done -> {
            long nanos = loop.nanoTime() - attemptNanos;
            if (over) {
                load.ended(Outcome.NEUTRAL.end(), nanos);
                waiting.close();
            } else if (done.isSuccess()) {
                connected(waiting, outcome -> load.ended(outcome.end(), nanos));
            } else {
                load.ended(Outcome.CONNECT_FAILED.end(), nanos);
                tried.add(address.getAddress().getHostAddress() + ":" + address.getPort());
                connectDirect(
                        addresses,
                        index + 1,
                        done.cause() instanceof ConnectTimeoutException
                                ? Reason.CONNECT_TIMEOUT
                                : Reason.CONNECT_FAILED);
            }
        });
    }

    private void connected(Upstream upstream, Consumer<Outcome> report) {
        var other = new Standing(upstream, report);
        if (firstWord == null) {
            join(other);
        } else {
            standing = other;
            upstream.listen();
        }
    }

    /** Nobody needs to look at what is said any more. */
    private void settled() {
        firstWord = null;
        Standing other = standing;
        if (other != null) {
            join(other);
        }
    }

    private void join(Standing other) {
        standing = null;
        leave();
        Channel otherHalf = other.upstream().leave();
        listener.onConnected();
        ByteBuf fromClient = held;
        held = Unpooled.EMPTY_BUFFER;
        Runnable onClosed = loop.relaying();
        CallerConnection connection = target.destination().load().connect();
        connection.call();
        Relay.join(client, fromClient, otherHalf, other.upstream().takeSaid(), () -> {
            onClosed.run();
            connection.close();
            other.report().accept(Outcome.SUCCESS);
            target.stats().ended(0, loop.nanoTime() - startedNanos);
        });
    }

    /** The client speaks HTTP: each of its requests finds a connection of its own. */
    private void handBack(FirstWord taker, Protocol protocol) {
        leave();
        Standing unused = standing;
        if (unused != null) {
            standing = null;
            unused.drop(Outcome.NEUTRAL);
        }
        ByteBuf said = held;
        held = Unpooled.EMPTY_BUFFER;
        taker.takeAs(protocol, said);
    }

    private void fail(Reason reason) {
        target.stats().failed(reason);
        target.stats().ended(0, loop.nanoTime() - startedNanos);
        leave();
        held.release();
        held = Unpooled.EMPTY_BUFFER;
        listener.onFailed(reason, tried);
    }

    /** This has nothing more to do with the client. */
    private void leave() {
        over = true;
        loop.closed(this);
        if (patience != null) {
            patience.cancel(false);
        }
        client.pipeline().remove(this);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        held = Held.append(held, (ByteBuf) message);
        FirstWord judge = firstWord;
        if (judge == null) {
            return;
        }
        Protocol told = judge.ofClient(held);
        if (told == Protocol.HTTP1 || told == Protocol.HTTP2) {
            handBack(judge, told);
        } else if (told == Protocol.UNDECLARED) {
            client.read();
            if (patience == null) {
                // A letter that could begin a method may be all that the server waits for.
                patience = loop.eventLoop()
                        .schedule(this::settled, loop.limits().sniffTimeout().toNanos(), TimeUnit.NANOSECONDS);
            }
        } else {
            settled();
        }
    }

    /** The client is done speaking, so what it has said must do. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE && firstWord != null) {
            settled();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        gone();
    }

    private void gone() {
        over = true;
        loop.closed(this);
        if (patience != null) {
            patience.cancel(false);
        }
        held.release();
        held = Unpooled.EMPTY_BUFFER;
        Standing unused = standing;
        if (unused != null) {
            standing = null;
            unused.drop(Outcome.SUCCESS);
            target.stats().ended(0, loop.nanoTime() - startedNanos);
        }
    }

    /** {@inheritDoc} While neither side has said a word, there is nothing to finish. */
    @Override
    public void drain() {
        if (firstWord != null && !held.isReadable()) {
            client.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }

    /**
     * The other half, which stands and waits.
     *
     * @param report tells its endpoint how it ended
     */
    private record Standing(Upstream upstream, Consumer<Outcome> report) {
        void drop(Outcome outcome) {
            upstream.close();
            report.accept(outcome);
        }
    }

    /** Holds the place of the relay in a channel that is being connected, and hears who speaks first. */
    private final class Upstream extends ChannelInboundHandlerAdapter {
        private @Nullable Channel channel;
        private ByteBuf said = Unpooled.EMPTY_BUFFER;
        private boolean closed;

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            channel = context.channel();
        }

        private Channel channel() {
            Channel made = channel;
            if (made == null) {
                throw new IllegalStateException("not connected");
            }
            return made;
        }

        void listen() {
            ((SocketChannelConfig) channel().config()).setAllowHalfClosure(true);
            channel().read();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            said = Held.append(said, (ByteBuf) message);
            FirstWord judge = firstWord;
            if (judge == null) {
                return;
            }
            switch (judge.ofServer(said)) {
                case MORE -> context.read();
                case SPEAKS -> settled();
                case AWAITS_CLIENT -> {
                    // Read no more: what else it says can wait in the kernel.
                }
            }
        }

        /** It has ended without a word, which is for the client to know. */
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE && standing != null) {
                settled();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (standing != null && !closed) {
                settled();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }

        /** The channel, without this. */
        Channel leave() {
            channel().pipeline().remove(this);
            return channel();
        }

        /** What was read from it. */
        ByteBuf takeSaid() {
            ByteBuf bytes = said;
            said = Unpooled.EMPTY_BUFFER;
            return bytes;
        }

        void close() {
            closed = true;
            takeSaid().release();
            if (channel != null) {
                channel.close();
            }
        }
    }
}
