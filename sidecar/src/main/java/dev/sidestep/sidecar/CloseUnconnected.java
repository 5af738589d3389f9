package dev.sidestep.sidecar;

import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.channel.socket.SocketChannel;
import java.net.SocketAddress;

/**
 * Closes a channel that could not connect, which gRPC 1.85 leaves to the socket's end. A socket that was refused by an
 * ICMP message, as kube-proxy refuses for a Service without endpoints, goes on trying for seconds, and all that time epoll
 * reports its error: the event loop would not rest. For any thread.
 */
@Sharable
final class CloseUnconnected extends ChannelOutboundHandlerAdapter {
    private CloseUnconnected() {}

    /** Makes channels of {@code type} that are closed so. */
    static ChannelFactory<SocketChannel> channelsOf(Class<? extends SocketChannel> type) {
        var channels = new ReflectiveChannelFactory<SocketChannel>(type);
        var handler = new CloseUnconnected();
        return () -> {
            SocketChannel channel = channels.newChannel();
            channel.pipeline().addFirst(handler);
            return channel;
        };
    }

    @Override
    public void connect(
            ChannelHandlerContext context, SocketAddress remote, SocketAddress local, ChannelPromise promise)
            throws Exception {
        super.connect(context, remote, local, promise);
        promise.addListener(done -> {
            if (!done.isSuccess()) {
                // Later, so that who waits for the connection hears first why there is none.
                context.channel().eventLoop().execute(context::close);
            }
        });
    }
}
