package dev.sidestep.control.https;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.sidestep.control.auth.ServerIdentity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;

/**
 * The JDK's HTTPS server, with our certificate of the moment at each handshake. Handlers run on its few threads: one that
 * has to wait returns, and answers later from any thread.
 */
public final class HttpsListener implements AutoCloseable {
    private static final int BACKLOG = 256;
    private static final int THREADS = 16;

    /** A connection that finds no place is closed, and counts for its client as no answer. */
    private static final int QUEUE = 512;

    private static final long IDLE_SECONDS = 30;

    private final HttpsServer server;
    private final ThreadPoolExecutor threads;

    private HttpsListener(HttpsServer server, ThreadPoolExecutor threads) {
        this.server = server;
        this.threads = threads;
    }

    /**
     * Sets what the JDK's server reads once, when the first one is made: answers leave at once (its two writes would wait
     * for each other, 40 ms), and who sends slowly is cut off. For mains.
     *
     * @param properties those of the system
     */
    public static void prepare(java.util.Properties properties) {
        properties.putIfAbsent("sun.net.httpserver.nodelay", "true");
        properties.putIfAbsent("sun.net.httpserver.maxReqTime", "10");
    }

    /**
     * Listens.
     *
     * @param address port 0 is a free one; the wildcard address is that of IPv6 and IPv4
     * @param handlers by path, or, ending in a slash, by the beginning of it; anything else is 404
     */
    public static HttpsListener start(
            InetSocketAddress address, ServerIdentity identity, Map<String, HttpHandler> handlers) throws IOException {
        HttpsServer server = HttpsServer.create(address, BACKLOG);
        server.setHttpsConfigurator(new HttpsConfigurator(context(identity)));
        server.createContext("/", exchange -> answer(exchange, 404, "text/plain; charset=utf-8", "not found\n"));
        handlers.forEach((path, handler) -> server.createContext(path, exchange -> {
            boolean whole =
                    path.endsWith("/") || exchange.getRequestURI().getPath().equals(path);
            if (whole) {
                handler.handle(exchange);
            } else {
                answer(exchange, 404, "text/plain; charset=utf-8", "not found\n");
            }
        }));
        var threads = new ThreadPoolExecutor(
                THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(QUEUE), task -> {
                    var thread = new Thread(task, "https");
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        server.setExecutor(threads);
        server.start();
        return new HttpsListener(server, threads);
    }

    /** Answers, and is done with the exchange. */
    public static void answer(HttpExchange exchange, int status, String contentType, String body) throws IOException {
        try (exchange) {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("content-type", contentType);
            exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    public InetSocketAddress address() {
        return server.getAddress();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private static SSLContext context(ServerIdentity identity) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {identity.keyManager()}, null, null);
            return context;
        } catch (GeneralSecurityException everyJdkHasIt) {
            throw new IllegalStateException(everyJdkHasIt);
        }
    }
}
