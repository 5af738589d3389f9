package dev.sidestep.sidecar.tcp;

import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.sidecar.loop.Held;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.LoopGuard;
import dev.sidestep.sidecar.loop.Target;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ConnectTimeoutException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One connection on its way: picks, connects, tries another endpoint while nothing was sent, then joins the two halves.
 * Confined to the client's event loop.
 */
final class TcpCall extends ChannelInboundHandlerAdapter {
    private static final Duration DIRECT_CONNECT = Duration.ofSeconds(30);

    private final LoopContext loop;
    private final Channel client;
    private final Target target;
    private final TcpConnections.Listener listener;
    private final long startedNanos;

    private final List<String> tried = new ArrayList<>(0);
    private final List<Subchannel> triedEndpoints = new ArrayList<>(0);
    private int attempts;
    private ByteBuf held;
    private boolean over;
    private @Nullable Reason fallback;

    TcpCall(LoopContext loop, Channel client, Target target, ByteBuf firstBytes, TcpConnections.Listener listener) {
        this.loop = loop;
        this.client = client;
        this.target = target;
        this.listener = listener;
        held = firstBytes;
        startedNanos = loop.nanoTime();
    }

    void start() {
        client.pipeline().addLast(this);
        if (client.isActive()) {
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
        var waiting = new Upstream();
        loop.connector()
                .connect(picked.address(), destination.policy().connectTimeout(), waiting)
                .addListener(done -> {
                    if (over) {
                        picked.ended(Outcome.NEUTRAL, false, loop.nanoTime() - attemptNanos);
                        waiting.close();
                    } else if (done.isSuccess()) {
                        // A stream may rightly stay silent: that it stands is all that can be told of its health.
                        long nowNanos = loop.nanoTime();
                        picked.firstByte(nowNanos);
                        join(waiting, () -> picked.ended(Outcome.SUCCESS, true, nowNanos - attemptNanos));
                    } else {
                        boolean late = done.cause() instanceof ConnectTimeoutException;
                        picked.ended(
                                late ? Outcome.CONNECT_TIMEOUT : Outcome.CONNECT_FAILED,
                                false,
                                loop.nanoTime() - attemptNanos);
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
        loop.resolver().resolve(target.host(), target.port(), loop.eventLoop(), found -> {
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
        var waiting = new Upstream();
        loop.connector().connect(address, DIRECT_CONNECT, waiting).addListener(done -> {
            if (over) {
                waiting.close();
            } else if (done.isSuccess()) {
                join(waiting, () -> {});
            } else {
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

    private void join(Upstream upstream, Runnable onEnd) {
        over = true;
        client.pipeline().remove(this);
        Channel other = upstream.leave();
        listener.onConnected();
        ByteBuf firstBytes = held;
        held = Unpooled.EMPTY_BUFFER;
        Relay.join(client, firstBytes, other, Unpooled.EMPTY_BUFFER, () -> {
            onEnd.run();
            target.stats().ended(0, loop.nanoTime() - startedNanos);
        });
    }

    private void fail(Reason reason) {
        target.stats().failed(reason);
        target.stats().ended(0, loop.nanoTime() - startedNanos);
        over = true;
        client.pipeline().remove(this);
        held.release();
        held = Unpooled.EMPTY_BUFFER;
        listener.onFailed(reason, tried);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        held = Held.append(held, (ByteBuf) message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        gone();
    }

    private void gone() {
        over = true;
        held.release();
        held = Unpooled.EMPTY_BUFFER;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }

    /** Holds the place of the relay in a channel that is being connected. */
    private static final class Upstream extends ChannelInboundHandlerAdapter {
        private @Nullable Channel channel;

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            channel = context.channel();
        }

        /** The channel, without this. */
        Channel leave() {
            Channel left = channel;
            if (left == null) {
                throw new IllegalStateException("not connected");
            }
            left.pipeline().remove(this);
            return left;
        }

        void close() {
            if (channel != null) {
                channel.close();
            }
        }
    }
}
