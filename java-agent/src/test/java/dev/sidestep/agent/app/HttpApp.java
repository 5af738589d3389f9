package dev.sidestep.agent.app;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * An application that makes calls when it is told to: {@code GET /?url=…&count=…} answers with one line for each, the
 * response's body or the exception.
 */
public final class HttpApp {
    private static final int PARALLEL = 8;

    private final Map<String, HttpClient> clients = new HashMap<>();

    private final Load load = new Load();

    private HttpApp() {}

    /** Runs until it is killed. */
    public static void main(String[] arguments) throws IOException {
        Remote.listen(new HttpApp()::calls);
    }

    private List<String> calls(Map<String, String> query) {
        if (query.containsKey("stop")) {
            load.stop();
            return List.of("stopped");
        }
        HttpClient client = client(
                query.getOrDefault("version", "HTTP_1_1"),
                query.getOrDefault("proxy", ""),
                Integer.parseInt(query.getOrDefault("connectTimeout", "0")));
        HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(query.get("url")))
                .timeout(Duration.ofMillis(Long.parseLong(query.getOrDefault("timeout", "5000"))));
        String method = query.getOrDefault("method", "GET");
        HttpRequest request = builder.method(
                        method, method.equals("POST") ? BodyPublishers.ofString("body") : BodyPublishers.noBody())
                .build();
        if (query.containsKey("load")) {
            return load.run(query, () -> sync(client, request, 1).get(0));
        }
        int count = Integer.parseInt(query.getOrDefault("count", "1"));
        return switch (query.getOrDefault("how", "sync")) {
            case "sync" -> sync(client, request, count);
            case "async" -> async(client, request, count, PARALLEL);
            case "together" -> async(client, request, count, count);
            default -> List.of("how: sync, async or together");
        };
    }

    private HttpClient client(String version, String proxy, int connectTimeout) {
        synchronized (clients) {
            return clients.computeIfAbsent(version + proxy + connectTimeout, unknown -> {
                HttpClient.Builder builder = HttpClient.newBuilder()
                        .version(HttpClient.Version.valueOf(version))
                        .followRedirects(HttpClient.Redirect.NORMAL);
                if (!proxy.isEmpty()) {
                    int port = Integer.parseInt(proxy);
                    builder.proxy(
                            java.net.ProxySelector.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
                }
                if (connectTimeout > 0) {
                    builder.connectTimeout(Duration.ofMillis(connectTimeout));
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

    private static List<String> async(HttpClient client, HttpRequest request, int count, int parallel) {
        List<String> lines = new ArrayList<>();
        for (int done = 0; done < count; done += parallel) {
            List<CompletableFuture<HttpResponse<String>>> futures = new ArrayList<>();
            for (int i = done; i < Math.min(count, done + parallel); i++) {
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
        String previous = response.previousResponse()
                .map(it -> " after " + it.statusCode())
                .orElse("");
        return response.statusCode() + " " + response.body() + previous;
    }

    private static String text(Throwable failure) {
        return failure.toString().replace('\n', ' ');
    }
}
