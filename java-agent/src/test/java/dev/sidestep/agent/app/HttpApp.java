package dev.sidestep.agent.app;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;

/**
 * An application that makes calls when it is told to: {@code GET /?url=…&count=…} answers with one line for each, the
 * response's body or the exception. It prints the port that it listens on.
 */
public final class HttpApp {
    private static final int PARALLEL = 8;

    private final Map<String, HttpClient> clients = new HashMap<>();

    private HttpApp() {}

    /** Runs until it is killed. */
    public static void main(String[] arguments) throws IOException {
        HttpApp app = new HttpApp();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", app::answer);
        server.start();
        System.out.println("listening on " + server.getAddress().getPort());
    }

    private void answer(HttpExchange exchange) throws IOException {
        Map<String, String> query = new HashMap<>();
        for (String pair : exchange.getRequestURI().getRawQuery().split("&", -1)) {
            int equals = pair.indexOf('=');
            query.put(pair.substring(0, equals), URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
        }
        String lines;
        try {
            lines = String.join("\n", calls(query));
        } catch (RuntimeException e) {
            lines = "broken: " + e;
        }
        byte[] body = lines.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private List<String> calls(Map<String, String> query) {
        HttpClient client = client(query.getOrDefault("version", "HTTP_1_1"), query.getOrDefault("proxy", ""));
        HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(query.get("url")))
                .timeout(Duration.ofMillis(Long.parseLong(query.getOrDefault("timeout", "5000"))));
        String method = query.getOrDefault("method", "GET");
        HttpRequest request = builder.method(
                        method, method.equals("POST") ? BodyPublishers.ofString("body") : BodyPublishers.noBody())
                .build();
        int count = Integer.parseInt(query.getOrDefault("count", "1"));
        return switch (query.getOrDefault("how", "sync")) {
            case "sync" -> sync(client, request, count);
            case "async" -> async(client, request, count);
            default -> List.of("how: sync or async");
        };
    }

    private HttpClient client(String version, String proxy) {
        synchronized (clients) {
            return clients.computeIfAbsent(version + proxy, unknown -> {
                HttpClient.Builder builder = HttpClient.newBuilder()
                        .version(HttpClient.Version.valueOf(version))
                        .followRedirects(HttpClient.Redirect.NORMAL);
                if (!proxy.isEmpty()) {
                    int port = Integer.parseInt(proxy);
                    builder.proxy(
                            java.net.ProxySelector.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
                }
                return builder.build();
            });
        }
    }

    private static List<String> sync(HttpClient client, HttpRequest request, int count) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            try {
                lines.add(text(client.send(request, BodyHandlers.ofString())));
            } catch (IOException e) {
                lines.add(text(e));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                lines.add("interrupted");
            }
        }
        return lines;
    }

    private static List<String> async(HttpClient client, HttpRequest request, int count) {
        List<String> lines = new ArrayList<>();
        for (int done = 0; done < count; done += PARALLEL) {
            List<CompletableFuture<HttpResponse<String>>> futures = new ArrayList<>();
            for (int i = done; i < Math.min(count, done + PARALLEL); i++) {
                futures.add(client.sendAsync(request, BodyHandlers.ofString()));
            }
            for (CompletableFuture<HttpResponse<String>> future : futures) {
                try {
                    lines.add(text(future.get()));
                } catch (ExecutionException e) {
                    lines.add(text(e.getCause() == null ? e : e.getCause()));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    lines.add("interrupted");
                }
            }
        }
        return lines;
    }

    private static String text(HttpResponse<String> response) {
        return response.statusCode() + " " + response.body();
    }

    private static String text(Throwable failure) {
        return failure.toString().replace('\n', ' ');
    }
}
