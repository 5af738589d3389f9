package dev.sidestep.control.admin;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.sidestep.concurrent.SerialExecutor;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

/** Answers GET requests; what they tell is collected on its owner. */
public final class AdminServer implements AutoCloseable {
    private static final int BACKLOG = 16;
    private static final long OWNER_SECONDS = 5;

    private final SerialExecutor owner;
    private final Map<String, Function<Map<String, String>, Supplier<Reply>>> pages;
    private final HttpServer server;
    private final ExecutorService threads;

    private AdminServer(
            SerialExecutor owner,
            Map<String, Function<Map<String, String>, Supplier<Reply>>> pages,
            HttpServer server,
            ExecutorService threads) {
        this.owner = owner;
        this.pages = pages;
        this.server = server;
        this.threads = threads;
    }

    /** Listens on {@code address}, of which port 0 is a free one. */
    public static AdminServer start(InetSocketAddress address, SerialExecutor owner, AdminPages pages)
            throws IOException {
        HttpServer http = HttpServer.create(address, BACKLOG);
        ExecutorService threads = Executors.newFixedThreadPool(2, task -> {
            var thread = new Thread(task, "control-plane-admin");
            thread.setDaemon(true);
            return thread;
        });
        var server = new AdminServer(owner, pages.byPath(), http, threads);
        http.createContext("/", server::handle);
        http.setExecutor(threads);
        http.start();
        return server;
    }

    public InetSocketAddress address() {
        return server.getAddress();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Reply reply = reply(exchange);
            byte[] body = reply.bytes();
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.getResponseHeaders().set("content-type", reply.contentType());
            exchange.getResponseHeaders().set("cache-control", "no-store");
            exchange.sendResponseHeaders(reply.status(), head ? -1 : body.length);
            if (!head) {
                try (OutputStream out = exchange.getResponseBody()) {
                    out.write(body);
                }
            }
        }
    }

    private Reply reply(HttpExchange exchange) {
        String method = exchange.getRequestMethod();
        if (!method.equals("GET") && !method.equals("HEAD")) {
            return Reply.text(405, "only GET is answered here");
        }
        var page = pages.get(exchange.getRequestURI().getPath());
        if (page == null) {
            return Reply.text(404, "not found; there are " + String.join(", ", new TreeMap<>(pages).keySet()));
        }
        Map<String, String> query;
        try {
            query = query(exchange.getRequestURI().getRawQuery());
        } catch (IllegalArgumentException malformed) {
            return Reply.text(400, "the query cannot be read: " + malformed.getMessage());
        }
        var answer = new CompletableFuture<Supplier<Reply>>();
        owner.execute(() -> {
            try {
                answer.complete(page.apply(query));
            } catch (RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        try {
            // Written here: the owner has better things to do than to put megabytes of text together.
            return answer.get(OWNER_SECONDS, TimeUnit.SECONDS).get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Reply.text(503, "shutting down");
        } catch (TimeoutException e) {
            return Reply.text(503, "no answer within " + OWNER_SECONDS + " s");
        } catch (ExecutionException e) {
            return Reply.text(500, String.valueOf(e.getCause()));
        }
    }

    private static Map<String, String> query(String raw) {
        var query = new TreeMap<String, String>();
        if (raw != null) {
            for (String pair : raw.split("&", -1)) {
                int equals = pair.indexOf('=');
                if (equals > 0) {
                    query.put(
                            pair.substring(0, equals),
                            URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
                }
            }
        }
        return query;
    }
}
