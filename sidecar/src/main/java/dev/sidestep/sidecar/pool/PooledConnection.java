package dev.sidestep.sidecar.pool;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/**
 * The only handler of an upstream channel, and its place in a {@link ConnectionPool}: what a protocol adds to it
 * speaks. Confined to the channel's event loop.
 */
public abstract class PooledConnection extends ChannelInboundHandlerAdapter {
    private @Nullable Channel channel;

    /** The pool that it counts in; null outside of pools. */
    @Nullable
    EndpointPool pool;

    boolean idle;
    long idleSinceNanos;

    /** The channel, once there is one. */
    public final Channel channel() {
        Channel made = channel;
        if (made == null) {
            throw new IllegalStateException("no channel yet");
        }
        return made;
    }

    @Override
    public final void handlerAdded(ChannelHandlerContext context) {
        channel = context.channel();
    }

    @Override
    public final void channelInactive(ChannelHandlerContext context) {
        EndpointPool counted = pool;
        if (counted != null) {
            counted.closed(this);
        }
        onClosed();
    }

    /** The endpoint does not answer, and the connection is in use: what can go elsewhere does. */
    protected abstract void onHung();

    /** The channel stands no longer. */
    protected abstract void onClosed();
}
