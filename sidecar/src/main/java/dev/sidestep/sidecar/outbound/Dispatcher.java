package dev.sidestep.sidecar.outbound;

import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.model.Protocol;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.OwnConnections;
import dev.sidestep.sidecar.loop.Target;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.socket.SocketChannelConfig;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands each connection of one event loop to the protocol that it speaks, by what its destination declares or else by
 * its first bytes. Confined to the event loop.
 */
public final class Dispatcher implements Takeover {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

    private final LoopContext loop;
    private final Takeover http1;
    private final Takeover http2;
    private final Takeover tcp;
    private final SilentTakeover silent;
    private final ServerFirst serverFirst;
    private final Redirection redirection;
    private long refused;

    /**
     * What holds for connections that the kernel redirects to us.
     *
     * @param own the connections that we opened ourselves
     * @param translated whether something below us puts endpoints in the place of VIPs as connections are made
     */
    public record Redirection(OwnConnections own, boolean translated) {}

    /**
     * Takes nothing yet.
     *
     * @param http1 makes HTTP/1's entry; it is given this, for the tunnels that HTTP/1 requests open
     * @param serverFirst shared by all event loops
     */
    public <T extends Takeover & SilentTakeover> Dispatcher(
            LoopContext loop,
            Function<Takeover, Takeover> http1,
            Takeover http2,
            T tcp,
            ServerFirst serverFirst,
            Redirection redirection) {
        this.loop = loop;
        this.http1 = http1.apply(this);
        this.http2 = http2;
        this.tcp = tcp;
        this.silent = tcp;
        this.serverFirst = serverFirst;
        this.redirection = redirection;
    }

    /** Takes a connection that was made to us by name: as to a proxy, so HTTP of one version or the other. */
    public void accept(Channel client) {
        new Sniffer(loop, client, loop.limits().idleTimeout(), (protocol, bytes) -> {
                    var origin = OriginalDestination.PerRequest.PER_REQUEST;
                    switch (protocol) {
                        case UNDECLARED -> {
                            bytes.release();
                            client.close();
                        }
                        case HTTP2 -> http2.take(client, bytes, origin);
                        // What is no HTTP at all is refused as HTTP/1.1: whoever speaks to a proxy understands that.
                        case HTTP1, TLS, TCP -> http1.take(client, bytes, origin);
                    }
                })
                .start(Unpooled.EMPTY_BUFFER);
    }

    /**
     * Takes a connection on the port that the kernel redirects the application's connections to. One that came of its own
     * accord is a proxy's client; one from outside of the pod, or of our own making, is nobody's.
     */
    public void acceptRedirected(Channel client) {
        if (!(client.localAddress() instanceof InetSocketAddress local)
                || !(client.remoteAddress() instanceof InetSocketAddress remote)) {
            client.close(); // It has gone already.
            return;
        }
        if (!local.getAddress().isLoopbackAddress()) {
            // The kernel redirects what starts in the pod to loopback. To others we are no proxy: they would call with
            // the pod's address, which network policies trust.
            refuse(client, "it comes from outside of the pod");
            return;
        }
        InetSocketAddress original = OriginalAddress.of(client);
        if (original == null) {
            accept(client);
        } else if (redirection.own().contains(remote, original)) {
            refuse(
                    client,
                    "our own connection came back to us (expected: the redirect leaves uid and gid 16001 alone,"
                            + " and the sidecar runs as that user)");
        } else {
            redirected(client, loop.redirected(original));
        }
    }

    private void refuse(Channel client, String why) {
        if (refused++ == 0) {
            LOG.warn("refusing a connection from {}: {}; further ones are only counted", client.remoteAddress(), why);
        }
        loop.unaddressed().failed(Reason.LOOP);
        loop.unaddressed().ended(Reason.LOOP.httpStatus(), 0);
        client.close();
    }

    private void redirected(Channel client, Target target) {
        // The caller may be done sending before anybody has looked at what it said.
        ((SocketChannelConfig) client.config()).setAllowHalfClosure(true);
        if (target.destination().peek() instanceof PickResult.Pending) {
            loop.whenAnswered(target.destination(), () -> route(client, target));
        } else {
            route(client, target);
        }
    }

    private void route(Channel client, Target target) {
        PickResult result = target.destination().peek();
        boolean foreign = result == PickResult.PassThrough.NOT_OURS || result == PickResult.PassThrough.UNKNOWN_SERVICE;
        if (!foreign) {
            take(client, Unpooled.EMPTY_BUFFER, new OriginalDestination.Fixed(target));
        } else if (redirection.translated()) {
            take(client, Unpooled.EMPTY_BUFFER, new OriginalDestination.Translated(target));
        } else {
            // An endpoint that the caller chose itself is one of these too: no look, no retry, no outcome.
            tcp.take(client, Unpooled.EMPTY_BUFFER, new OriginalDestination.Fixed(target));
        }
    }

    /** {@inheritDoc} Its protocol is not known yet. */
    @Override
    public void take(Channel client, ByteBuf firstBytes, OriginalDestination origin) {
        if (origin instanceof OriginalDestination.Fixed fixed) {
            Protocol declared = fixed.target().destination().policy().protocol();
            if (declared == Protocol.UNDECLARED) {
                sniff(client, firstBytes, origin, fixed.target());
            } else {
                hand(client, declared, firstBytes, origin);
            }
        } else if (origin instanceof OriginalDestination.Translated translated) {
            sniff(client, firstBytes, origin, translated.chosen());
        } else {
            hand(client, Protocol.UNDECLARED, firstBytes, origin);
        }
    }

    private void sniff(Channel client, ByteBuf firstBytes, OriginalDestination origin, Target target) {
        Duration limit =
                serverFirst.remembers(target) ? Duration.ZERO : loop.limits().sniffTimeout();
        new Sniffer(loop, client, limit, (told, bytes) -> {
                    if (told == Protocol.UNDECLARED && !bytes.isReadable()) {
                        bytes.release();
                        wait(client, origin, target);
                    } else {
                        hand(client, told, bytes, origin);
                    }
                })
                .start(firstBytes);
    }

    /** Silence: perhaps the server speaks first, perhaps the client takes its time. */
    private void wait(Channel client, OriginalDestination origin, Target target) {
        silent.takeSilent(
                client, target, new FirstWord(target, serverFirst, (told, bytes) -> hand(client, told, bytes, origin)));
    }

    private void hand(Channel client, Protocol protocol, ByteBuf bytes, OriginalDestination origin) {
        if (protocol == Protocol.HTTP1 || protocol == Protocol.HTTP2) {
            // To HTTP the end of a caller's stream is the caller's leaving, as everywhere else.
            ((SocketChannelConfig) client.config()).setAllowHalfClosure(false);
        }
        switch (protocol) {
            case HTTP1 -> http1.take(client, bytes, origin);
            case HTTP2 -> http2.take(client, bytes, origin);
            case UNDECLARED, TLS, TCP -> tcp.take(client, bytes, origin);
        }
    }
}
