package dev.sidestep.testkit;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A small real HTTP/1.1 backend on 127.0.0.1 that answers every request with its name and misbehaves on request.
 * Thread-safe: one thread per connection, faults may be switched at any time.
 */
public final class FakeUpstream implements AutoCloseable {
    /** What it does to the requests that come from now on. */
    public sealed interface Fault {
        /** Answers at once. */
        record None() implements Fault {}

        /** Reads the request and answers nothing, until healed: then it answers. */
        record Hang() implements Fault {}

        /** Reads the request and closes with a TCP reset. */
        record Reset() implements Fault {}

        /** Sends the head and half of the body, then closes with a TCP reset. */
        record ResetInBody() implements Fault {}

        /** Reads the request and closes in order, without an answer. */
        record Close() implements Fault {}

        /** Answers with this status. */
        record Status(int code) implements Fault {}

        /** Answers after a while. */
        record Slow(Duration delay) implements Fault {}
    }

    private final String name;
    private final Function<Http1.Request, Http1.Response> handler;
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private final List<Http1.Request> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger accepted = new AtomicInteger();
    private volatile Fault fault = new Fault.None();
    private volatile ServerSocket listener;
    private volatile @Nullable Thread acceptor;

    private FakeUpstream(String name, Function<Http1.Request, Http1.Response> handler, ServerSocket listener) {
        this.name = name;
        this.handler = handler;
        this.listener = listener;
    }

    /** Starts one that answers every request with 200 and {@code name} as the body. */
    public static FakeUpstream start(String name) {
        return start(name, request -> Http1.Response.ok(name));
    }

    /** Starts one that answers as {@code handler} says. */
    public static FakeUpstream start(String name, Function<Http1.Request, Http1.Response> handler) {
        return start(name, InetAddress.getLoopbackAddress(), handler);
    }

    /** Starts one at {@code address}, an address of this machine. */
    public static FakeUpstream start(
            String name, InetAddress address, Function<Http1.Request, Http1.Response> handler) {
        FakeUpstream upstream = new FakeUpstream(name, handler, listen(address, 0));
        upstream.acceptInBackground(upstream.listener);
        return upstream;
    }

    public String name() {
        return name;
    }

    /** The same for its whole life, also while it refuses. */
    public int port() {
        return listener.getLocalPort();
    }

    public InetSocketAddress address() {
        return new InetSocketAddress(listener.getInetAddress(), port());
    }

    /** All requests read so far, also those that a fault left unanswered. */
    public List<Http1.Request> requests() {
        return List.copyOf(requests);
    }

    public int requestCount() {
        return requests.size();
    }

    /** Connections accepted so far. */
    public int acceptedConnections() {
        return accepted.get();
    }

    /** Connections that are open now. */
    public int openConnections() {
        return connections.size();
    }

    public void fail(Fault newFault) {
        fault = newFault;
    }

    public void heal() {
        fault = new Fault.None();
    }

    /** Resets all connections and listens no more: connects are refused, as of a killed process. */
    public void refuse() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try {
            // An accept that was under way keeps the port open, and may still bring one connection.
            Thread last = acceptor;
            if (last != null) {
                last.join();
            }
            connections.forEach(FakeUpstream::reset);
            // A thread that reads from one keeps it open until it has noticed; one that sleeps for a fault may take
            // longer.
            for (int i = 0; i < 200 && !connections.isEmpty(); i++) {
                TimeUnit.MILLISECONDS.sleep(5);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Listens again on the same port. */
    public void accept() {
        listener = listen(listener.getInetAddress(), port());
        acceptInBackground(listener);
    }

    @Override
    public void close() {
        heal();
        refuse();
    }

    private static ServerSocket listen(InetAddress address, int port) {
        try {
            ServerSocket socket = new ServerSocket();
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(address, port), 256);
            return socket;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot listen on " + address.getHostAddress() + ":" + port, e);
        }
    }

    private void acceptInBackground(ServerSocket socket) {
        acceptor = background("accept", () -> {
            while (true) {
                try {
                    Socket connection = socket.accept();
                    connection.setTcpNoDelay(true);
                    accepted.incrementAndGet();
                    connections.add(connection);
                    background("connection", () -> serve(connection));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    private Thread background(String what, Runnable task) {
        Thread thread = new Thread(task, name + " " + what);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void serve(Socket connection) {
        try (connection) {
            Http1 http = new Http1(new BufferedInputStream(connection.getInputStream()), connection.getOutputStream());
            boolean open = true;
            while (open) {
                Http1.Request request = http.readRequest();
                if (request == null) {
                    break;
                }
                requests.add(request);
                open = answer(connection, http, request) && !request.closes();
            }
        } catch (IOException gone) {
            // The peer went away, or refuse() did it: nothing to answer to.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            connections.remove(connection);
        }
    }

    /** Returns whether the connection may carry another request. */
    private boolean answer(Socket connection, Http1 http, Http1.Request request)
            throws IOException, InterruptedException {
        while (fault instanceof Fault.Hang) {
            // Polled, so that a connection that dies meanwhile costs one sleeping thread and no bookkeeping.
            if (connection.isClosed()) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
        Fault now = fault;
        if (now instanceof Fault.Reset) {
            reset(connection);
            return false;
        }
        if (now instanceof Fault.Close) {
            return false;
        }
        if (now instanceof Fault.ResetInBody) {
            http.writeHalf(handler.apply(request));
            reset(connection);
            return false;
        }
        if (now instanceof Fault.Slow slow) {
            TimeUnit.NANOSECONDS.sleep(slow.delay().toNanos());
        }
        http.write(
                request,
                now instanceof Fault.Status status ? Http1.Response.of(status.code(), name) : handler.apply(request));
        return true;
    }

    private static void reset(Socket connection) {
        try {
            connection.setSoLinger(true, 0);
            connection.close();
        } catch (IOException alreadyGone) {
            // That is what was wanted.
        }
    }
}
