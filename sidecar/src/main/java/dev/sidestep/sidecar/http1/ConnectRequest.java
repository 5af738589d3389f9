package dev.sidestep.sidecar.http1;

import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.sidecar.loop.Failure;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.Target;
import dev.sidestep.sidecar.outbound.OriginalDestination;
import dev.sidestep.sidecar.outbound.Takeover;
import dev.sidestep.sidecar.tcp.TcpConnections;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.socket.SocketChannelConfig;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A request for a tunnel (RFC 9110 section 9.3.6). To what can be ours it is opened at once, since its bytes may be
 * requests that go different ways; elsewhere, once the other side is there. Confined to the client's event loop.
 */
final class ConnectRequest {
    private final LoopContext loop;
    private final TcpConnections tcp;
    private final Takeover inside;

    /** @param inside takes the connection when its protocol is to be found out */
    ConnectRequest(LoopContext loop, TcpConnections tcp, Takeover inside) {
        this.loop = loop;
        this.tcp = tcp;
        this.inside = inside;
    }

    /** @param firstBytes what came behind the request; released here */
    void open(Channel client, Target target, ByteBuf firstBytes) {
        // The caller of a tunnel may be done sending before anybody has looked at what it said.
        ((SocketChannelConfig) client.config()).setAllowHalfClosure(true);
        if (target.destination().peek() instanceof PickResult.Pending) {
            loop.whenAnswered(target.destination(), () -> route(client, target, firstBytes));
        } else {
            route(client, target, firstBytes);
        }
    }

    private void route(Channel client, Target target, ByteBuf firstBytes) {
        PickResult result = target.destination().peek(); // Not a turn of the round: whoever makes the call takes that.
        if (result == PickResult.PassThrough.NOT_OURS || result == PickResult.PassThrough.UNKNOWN_SERVICE) {
            tcp.open(client, target, firstBytes, new TcpConnections.Listener() {
                @Override
                public void onConnected() {
                    establish(client);
                }

                @Override
                public void onFailed(Reason reason, List<String> tried) {
                    var failure = new Failure(reason, target.host(), target.port(), tried, loop.admin());
                    client.writeAndFlush(ErrorResponse.of(failure, false, false, client.alloc()))
                            .addListener(ChannelFutureListener.CLOSE);
                }
            });
        } else {
            // Whatever its mode is now: what is read inside follows each change of it.
            establish(client);
            inside.take(client, firstBytes, new OriginalDestination.Fixed(target));
        }
    }

    private static void establish(Channel client) {
        client.writeAndFlush(
                Unpooled.copiedBuffer("HTTP/1.1 200 Connection established\r\n\r\n", StandardCharsets.US_ASCII));
    }
}
