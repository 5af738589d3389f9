package dev.sidestep.examples.frontend;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;

/**
 * Loads on demand: {@code POST /start?name=N&http=URL...} (or {@code grpc=HOST:PORT}), {@code POST /stop?name=N},
 * {@code GET /records?name=N&from=BYTES}. The lines are those of {@link CallLog}. {@code GET /call?http=URL} makes one
 * call and answers with its body, {@code GET /clock} with microseconds since 1970, {@code GET /} with the host's name.
 */
final class Control {
    private final Map<String, Load> loads = new ConcurrentHashMap<>();

    private final HttpClient client = HttpClient.newHttpClient();
    private final String host;

    /** @param host what {@code GET /} answers */
    Control(String host) {
        this.host = host;
    }

    private interface Answer {
        byte[] to(Map<String, String> query) throws InterruptedException;
    }

    void listen(int port) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/", exchange -> answer(exchange, query -> bytes(host)));
        server.createContext("/ready", exchange -> answer(exchange, query -> new byte[0]));
        server.createContext("/clock", exchange -> answer(exchange, query -> bytes(Long.toString(CallLog.now()))));
        server.createContext("/call", exchange -> answer(exchange, this::call));
        server.createContext("/start", exchange -> answer(exchange, this::start));
        server.createContext(
                "/stop",
                exchange -> answer(exchange, query -> {
                    find(query).stop();
                    return new byte[0];
                }));
        server.createContext(
                "/records",
                exchange -> answer(
                        exchange, query -> find(query).recordsFrom(Integer.parseInt(query.getOrDefault("from", "0")))));
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("listening");
    }

    private byte[] call(Map<String, String> query) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(HttpCalls.url(query.getOrDefault("http", "")))
                .build();
        try {
            return client.send(request, BodyHandlers.ofByteArray()).body();
        } catch (IOException e) {
            throw new IllegalArgumentException(CallLog.text(e), e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private byte[] start(Map<String, String> query) {
        String name = query.getOrDefault("name", "");
        if (loads.containsKey(name)) {
            throw new IllegalArgumentException("name: \"" + name + "\" is taken");
        }
        loads.put(name, Load.start(query));
        return new byte[0];
    }

    private Load find(Map<String, String> query) {
        Load load = loads.get(query.getOrDefault("name", ""));
        if (load == null) {
            throw new IllegalArgumentException("name: \"" + query.get("name") + "\" was never started");
        }
        return load;
    }

    private static void answer(HttpExchange exchange, Answer answer) throws IOException {
        int status = 200;
        byte[] body;
        try (exchange) {
            try {
                body = answer.to(query(exchange));
            } catch (IllegalArgumentException e) {
                status = 400;
                body = bytes(e.getMessage() + "\n");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            if (body.length > 0) {
                exchange.getResponseBody().write(body);
            }
        }
    }

    private static Map<String, String> query(HttpExchange exchange) {
        Map<String, String> query = new LinkedHashMap<>();
        String text = exchange.getRequestURI().getRawQuery();
        for (String each : text == null ? new String[0] : text.split("&", -1)) {
            String[] parts = each.split("=", 2);
            query.put(parts[0], parts.length == 1 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
        }
        return query;
    }
}
