package dev.sidestep.sidecar;

import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.model.Self;
import dev.sidestep.sidecar.admin.Pages;
import dev.sidestep.sidecar.bypass.BypassWatch;
import dev.sidestep.sidecar.http1.Http1Connections;
import dev.sidestep.sidecar.http2.Http2Connections;
import dev.sidestep.sidecar.loop.Connector;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.OwnConnections;
import dev.sidestep.sidecar.loop.SystemResolver;
import dev.sidestep.sidecar.outbound.Dispatcher;
import dev.sidestep.sidecar.outbound.ServerFirst;
import dev.sidestep.sidecar.tcp.TcpConnections;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running sidecar. Methods are for any thread. */
public final class Sidecar implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sidecar.class);

    /** The system's resolver takes seconds when it fails: few wait for it, and not without end. */
    private static final int BLOCKING_THREADS = 8;

    private static final int BLOCKING_QUEUE = 1024;

    private final SidecarConfig config;
    private final MultiThreadIoEventLoopGroup eventLoops;
    private final ThreadPoolExecutor blocking;
    private final ThreadSerialExecutor owner;
    private final ControlPlane controlPlane;
    private final List<LoopContext> loops = new CopyOnWriteArrayList<>(); // The pages read it.
    private final LoadBalancer balancer;
    private final OwnConnections own = new OwnConnections();
    private final ServerFirst serverFirst = new ServerFirst();
    private final MultiThreadIoEventLoopGroup ownLoop;
    private final List<Channel> listeners = new ArrayList<>();

    private Sidecar(SidecarConfig config, Function<Sidecar, ControlPlane> controlPlane) {
        this.config = config;
        owner = new ThreadSerialExecutor("sidestep-engine");
        balancer = new LoadBalancer(owner, settings(config));
        eventLoops = eventLoops("sidestep-loop", config.eventLoops());
        ownLoop = eventLoops("sidestep-own", 1);
        blocking = new ThreadPoolExecutor(
                BLOCKING_THREADS,
                BLOCKING_THREADS,
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(BLOCKING_QUEUE),
                new DefaultThreadFactory("sidestep-blocking", true));
        blocking.allowCoreThreadTimeOut(true);
        this.controlPlane = controlPlane.apply(this);
    }

    /**
     * Starts one; its listeners are open when this returns, and it does not wait for the control plane.
     *
     * @throws UncheckedIOException if one of its addresses cannot be had
     */
    public static Sidecar start(SidecarConfig config) {
        return start(config, made -> new GrpcControlPlane(config, made.ownLoop, made.blocking));
    }

    static Sidecar start(SidecarConfig config, Function<Sidecar, ControlPlane> controlPlane) {
        var sidecar = new Sidecar(config, controlPlane);
        try {
            sidecar.open();
        } catch (RuntimeException e) {
            sidecar.close();
            throw e;
        }
        return sidecar;
    }

    private void open() {
        // The admin's address first: the others tell it.
        var podEnd = new PodEnd(owner, controlPlane::askDrained);
        BypassWatch bypass = bypassWatch();
        var pages =
                new Pages(balancer, loops, controlPlane::status, config.controlPlane(), podEnd::drained, bypass::count);
        Channel admin =
                bind("admin", config.admin(), address -> pages.admin().bind(address, ownLoop, config.transport()));
        Channel proxy = bind("proxy", config.proxy(), address -> bindProxy(address, text(admin)));
        Channel metrics = bind(
                "metrics", config.metrics(), address -> pages.machinery().bind(address, ownLoop, config.transport()));
        balancer.start(controlPlane.open(balancer, owner));
        if (config.interception().isOn() && config.interception().checked()) {
            bypass.start();
        }
        LOG.info(
                "proxy on {}, admin on {}, metrics on {}, control plane {}",
                text(proxy),
                text(admin),
                text(metrics),
                config.controlPlane());
    }

    private BypassWatch bypassWatch() {
        Interception interception = config.interception();
        var rules = new BypassWatch.Redirected(
                config.proxy().getPort(),
                Interception.UID,
                interception.serviceRanges(),
                interception.excludedRanges(),
                interception.excludedPorts());
        return new BypassWatch(owner, blocking, rules, own::contains, controlPlane::tellBypassed);
    }

    private Channel bind(String what, InetSocketAddress address, Function<InetSocketAddress, Channel> bind) {
        try {
            Channel bound = bind.apply(address);
            listeners.add(bound);
            return bound;
        } catch (Exception e) { // Netty throws the IOException itself, undeclared.
            String at = address.getHostString() + ":" + address.getPort();
            throw new UncheckedIOException(
                    "--" + what + " " + at + ": " + e.getMessage() + " (expected: an address that is free)",
                    e instanceof IOException io ? io : new IOException(e));
        }
    }

    private static String text(Channel listener) {
        InetSocketAddress address = (InetSocketAddress) listener.localAddress();
        return NetUtil.toSocketAddressString(address);
    }

    private MultiThreadIoEventLoopGroup eventLoops(String name, int count) {
        return new MultiThreadIoEventLoopGroup(
                count, new DefaultThreadFactory(name, true), config.transport().ioHandlers());
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

    private Channel bindProxy(InetSocketAddress address, String admin) {
        boolean redirected = config.interception().isOn();
        var resolver = new SystemResolver(blocking);
        Map<EventLoop, Dispatcher> dispatchers = new HashMap<>();
        for (EventExecutor each : eventLoops) {
            EventLoop eventLoop = (EventLoop) each;
            var connector = new Connector(eventLoop, config.transport(), config.limits(), own);
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
                    client.eventLoop().execute(() -> {
                        if (redirected) {
                            dispatcher.acceptRedirected(client);
                        } else {
                            dispatcher.accept(client);
                        }
                    });
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
                .bind(address)
                .syncUninterruptibly()
                .channel();
    }

    private Dispatcher dispatcher(LoopContext loop) {
        var tcp = new TcpConnections(loop);
        return new Dispatcher(
                loop,
                inside -> new Http1Connections(loop, tcp, inside),
                new Http2Connections(loop),
                tcp,
                serverFirst,
                new Dispatcher.Redirection(own, config.interception().socketLoadBalancing()));
    }

    /** Where applications reach it. */
    public InetSocketAddress proxyAddress() {
        return address(1);
    }

    /** Where people ask it. */
    public InetSocketAddress adminAddress() {
        return address(0);
    }

    /** Where machinery asks it. */
    public InetSocketAddress metricsAddress() {
        return address(2);
    }

    private InetSocketAddress address(int index) {
        return (InetSocketAddress) listeners.get(index).localAddress();
    }

    /**
     * Takes no new connection, lets calls in flight end, waits for that as long as the limits allow. Where connections are
     * redirected to us, a closed port would fail them: as long as the application has connections it is alive, so first
     * it is waited, as long again, until it has none.
     */
    public void drain() {
        if (config.interception().isOn()) {
            awaitNoConnection();
        }
        listeners.get(1).close().syncUninterruptibly();
        loops.forEach(LoopContext::drain);
        awaitNoConnection();
    }

    private void awaitNoConnection() {
        long untilNanos = owner.nanoTime() + config.limits().drain().toNanos();
        while (openConnections() > 0 && owner.nanoTime() - untilNanos < 0) {
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private int openConnections() {
        return loops.stream().mapToInt(LoopContext::open).sum();
    }

    /** Stops at once; {@link #drain} first to stop gently. */
    @Override
    public void close() {
        listeners.forEach(listener -> listener.close().syncUninterruptibly());
        controlPlane.close();
        // A little quiet first: what is cut off ends in order, so that it is counted and its buffers go back.
        Future<?> loopsOver = eventLoops.shutdownGracefully(20, 1_000, TimeUnit.MILLISECONDS);
        Future<?> ownOver = ownLoop.shutdownGracefully(20, 1_000, TimeUnit.MILLISECONDS);
        loopsOver.syncUninterruptibly();
        ownOver.syncUninterruptibly();
        blocking.shutdown();
        owner.close();
    }
}
