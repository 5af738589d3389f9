package dev.sidestep.sidecar;

import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.model.Self;
import dev.sidestep.sidecar.http1.Http1Connections;
import dev.sidestep.sidecar.http2.Http2Connections;
import dev.sidestep.sidecar.loop.Connector;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.SystemResolver;
import dev.sidestep.sidecar.outbound.Dispatcher;
import dev.sidestep.sidecar.tcp.TcpConnections;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running sidecar. Methods are for any thread. */
public final class Sidecar implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sidecar.class);

    /** The system's resolver takes seconds when it fails: few wait for it, and not without end. */
    private static final int RESOLVER_THREADS = 8;

    private static final int RESOLVER_QUEUE = 1024;

    private final SidecarConfig config;
    private final MultiThreadIoEventLoopGroup eventLoops;
    private final ThreadPoolExecutor blocking;
    private final ThreadSerialExecutor owner;
    private final ControlPlane controlPlane;
    private final List<LoopContext> loops = new ArrayList<>();
    private final LoadBalancer balancer;
    private final Channel proxy;

    private Sidecar(SidecarConfig config, ControlPlane controlPlane) {
        this.config = config;
        this.controlPlane = controlPlane;
        owner = new ThreadSerialExecutor("sidestep-engine");
        balancer = new LoadBalancer(owner, settings(config));
        eventLoops = new MultiThreadIoEventLoopGroup(
                config.eventLoops(),
                new DefaultThreadFactory("sidestep-loop", true),
                config.transport().ioHandlers());
        blocking = new ThreadPoolExecutor(
                RESOLVER_THREADS,
                RESOLVER_THREADS,
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(RESOLVER_QUEUE),
                new DefaultThreadFactory("sidestep-resolver", true));
        blocking.allowCoreThreadTimeOut(true);
        proxy = bindProxy("127.0.0.1:16000");
        balancer.start(controlPlane.open(balancer, owner));
        LOG.info("proxy on {}, control plane {}", proxy.localAddress(), config.controlPlane());
    }

    static Sidecar start(SidecarConfig config, ControlPlane controlPlane) {
        return new Sidecar(config, controlPlane);
    }

    private static LoadBalancer.Settings settings(SidecarConfig config) {
        SidecarConfig.Workload workload = config.workload();
        Self self = new Self(
                workload.namespace(),
                workload.node(),
                workload.zone(),
                "",
                workload.clusterDomain(),
                List.of(),
                List.of(),
                config.mode());
        var usual = LoadBalancer.Settings.inNamespace(workload.namespace());
        return new LoadBalancer.Settings(
                self, config.mode(), usual.staleAfter(), usual.idleAfter(), usual.maxUnknown());
    }

    private Channel bindProxy(String admin) {
        var resolver = new SystemResolver(blocking);
        Map<EventLoop, Dispatcher> dispatchers = new HashMap<>();
        for (EventExecutor each : eventLoops) {
            EventLoop eventLoop = (EventLoop) each;
            var connector = new Connector(eventLoop, config.transport(), config.limits());
            var loop = new LoopContext(eventLoop, balancer, connector, resolver, config.limits(), admin);
            loops.add(loop);
            dispatchers.put(eventLoop, dispatcher(loop));
        }
        ChannelHandler accept = new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel client) {
                Dispatcher dispatcher = dispatchers.get(client.eventLoop());
                if (dispatcher != null) {
                    // Once it is active: what takes it over may find it so.
                    client.eventLoop().execute(() -> dispatcher.accept(client));
                }
            }
        };
        return new ServerBootstrap()
                .group(eventLoops)
                .channel(config.transport().serverSocketChannel())
                .option(ChannelOption.SO_BACKLOG, 1024)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, Connector.waterMark(config.limits()))
                .childHandler(accept)
                .bind(config.proxy())
                .syncUninterruptibly()
                .channel();
    }

    private static Dispatcher dispatcher(LoopContext loop) {
        var tcp = new TcpConnections(loop);
        return new Dispatcher(loop, inside -> new Http1Connections(loop, tcp, inside), new Http2Connections(loop), tcp);
    }

    /** Where applications reach it. */
    public InetSocketAddress proxyAddress() {
        return (InetSocketAddress) proxy.localAddress();
    }

    /** Takes no new connection, lets calls in flight end, waits for that as long as the limits allow. */
    public void drain() {
        proxy.close().syncUninterruptibly();
        loops.forEach(LoopContext::drain);
        long untilNanos = System.nanoTime() + config.limits().drain().toNanos();
        while (openConnections() > 0 && System.nanoTime() - untilNanos < 0) {
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private int openConnections() {
        return loops.stream()
                .map(loop -> loop.eventLoop()
                        .submit(loop::open)
                        .syncUninterruptibly()
                        .getNow())
                .mapToInt(Integer::intValue)
                .sum();
    }

    /** Stops at once; {@link #drain} first to stop gently. */
    @Override
    public void close() {
        proxy.close().syncUninterruptibly();
        controlPlane.close();
        eventLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        blocking.shutdownNow();
        owner.close();
    }

    /** How long {@link #drain} may take. */
    public Duration drainLimit() {
        return config.limits().drain();
    }
}
