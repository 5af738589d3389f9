package dev.sidestep.sidecar.loop;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;

/** How bytes come and go: Linux's epoll, or the JDK's selectors where there is none. */
public enum Transport {
    EPOLL(EpollSocketChannel.class, EpollServerSocketChannel.class),
    NIO(NioSocketChannel.class, NioServerSocketChannel.class);

    private final Class<? extends SocketChannel> socketChannel;
    private final Class<? extends ServerSocketChannel> serverSocketChannel;

    Transport(Class<? extends SocketChannel> socketChannel, Class<? extends ServerSocketChannel> serverSocketChannel) {
        this.socketChannel = socketChannel;
        this.serverSocketChannel = serverSocketChannel;
    }

    /** epoll if this machine has it. */
    public static Transport best() {
        return Epoll.isAvailable() ? EPOLL : NIO;
    }

    public Class<? extends SocketChannel> socketChannel() {
        return socketChannel;
    }

    public Class<? extends ServerSocketChannel> serverSocketChannel() {
        return serverSocketChannel;
    }

    /** What an event loop group of this transport is made with. */
    public IoHandlerFactory ioHandlers() {
        return switch (this) {
            case EPOLL -> StandingEpoll.newFactory();
            case NIO -> NioIoHandler.newFactory();
        };
    }
}
