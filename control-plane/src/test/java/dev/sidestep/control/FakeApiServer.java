package dev.sidestep.control;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;

/** As much of a Kubernetes API server as an informer needs: lists and watches of whole kinds. */
final class FakeApiServer implements AutoCloseable {
    private static final String END = "";

    private final int port;
    private final Map<String, Map<String, String>> objects = new ConcurrentHashMap<>();
    private final Set<String> forbidden = ConcurrentHashMap.newKeySet();
    private final List<Watch> watches = new CopyOnWriteArrayList<>();
    private HttpServer server;
    private ExecutorService threads;
    private long version = 1;

    private record Watch(String plural, BlockingQueue<String> events) {}

    FakeApiServer(int port) throws IOException {
        this.port = port;
        threads = Executors.newCachedThreadPool();
        server = listen();
    }

    private HttpServer listen() throws IOException {
        HttpServer made = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 50);
        made.createContext("/", this::handle);
        made.setExecutor(threads);
        made.start();
        return made;
    }

    /** A kubeconfig that leads here. */
    Path kubeconfig(Path folder) throws IOException {
        return Files.writeString(folder.resolve("kubeconfig"), """
                apiVersion: v1
                kind: Config
                current-context: fake
                contexts: [{name: fake, context: {cluster: fake, user: fake}}]
                clusters: [{name: fake, cluster: {server: "http://127.0.0.1:%d"}}]
                users: [{name: fake, user: {}}]
                """.formatted(port));
    }

    synchronized void forbid(String plural) {
        forbidden.add(plural);
    }

    /** @param body what follows the metadata, as JSON fields */
    synchronized void put(String plural, String kind, String name, String labels, String body) {
        version++;
        String object = """
                {"apiVersion": "%s", "kind": "%s", "metadata": {"name": "%s", %s "resourceVersion": "%d", \
                "uid": "%s-%s", "labels": {%s}}, %s}""".formatted(
                        plural.equals("endpointslices") ? "discovery.k8s.io/v1" : "v1",
                        kind,
                        name,
                        Set.of("namespaces", "nodes").contains(plural) ? "" : "\"namespace\": \"default\",",
                        version,
                        plural,
                        name,
                        labels,
                        body);
        String before = of(plural).put(name, object);
        tell(plural, before == null ? "ADDED" : "MODIFIED", object);
    }

    synchronized void delete(String plural, String name) {
        version++;
        String before = of(plural).remove(name);
        if (before != null) {
            tell(plural, "DELETED", before);
        }
    }

    /** Tells watchers that an object is gone which is still there. */
    synchronized void tellDeleted(String plural, String name) {
        tell(plural, "DELETED", String.valueOf(of(plural).get(name)));
    }

    void service(String name, int port) {
        put(
                "services",
                "Service",
                name,
                "",
                "\"spec\": {\"clusterIP\": \"10.96.0.10\", \"clusterIPs\": [\"10.96.0.10\"],"
                        + " \"type\": \"ClusterIP\", \"ports\": [{\"port\": " + port + ", \"targetPort\": 8080}]}");
    }

    void slice(String name, String service, String... addresses) {
        var endpoints = new StringBuilder();
        for (String address : addresses) {
            endpoints
                    .append(endpoints.isEmpty() ? "" : ", ")
                    .append("{\"addresses\": [\"" + address + "\"], \"conditions\": {\"ready\": true},"
                            + " \"nodeName\": \"n1\", \"zone\": \"zone-a\"}");
        }
        put(
                "endpointslices",
                "EndpointSlice",
                name,
                "\"kubernetes.io/service-name\": \"" + service + "\"",
                "\"addressType\": \"IPv4\", \"ports\": [{\"name\": \"\", \"port\": 8080}], \"endpoints\": [" + endpoints
                        + "]");
    }

    /** Goes away, connections and all. */
    void stop() {
        watches.forEach(watch -> watch.events().add(END));
        watches.clear();
        server.stop(0);
        threads.shutdownNow();
    }

    void restart() throws IOException {
        threads = Executors.newCachedThreadPool();
        server = listen();
    }

    @Override
    public void close() {
        stop();
    }

    private Map<String, String> of(String plural) {
        return objects.computeIfAbsent(plural, key -> new TreeMap<>());
    }

    private void tell(String plural, String type, String object) {
        watches.stream()
                .filter(watch -> watch.plural().equals(plural))
                .forEach(watch -> watch.events().add("{\"type\": \"" + type + "\", \"object\": " + object + "}\n"));
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String plural = path.substring(path.lastIndexOf('/') + 1);
            String query = String.valueOf(exchange.getRequestURI().getQuery());
            if (forbidden.contains(plural) || plural.equals("servicecidrs")) {
                int code = plural.equals("servicecidrs") ? 404 : 403;
                reply(
                        exchange,
                        code,
                        "{\"kind\": \"Status\", \"apiVersion\": \"v1\", \"status\": \"Failure\", \"code\": " + code
                                + "}");
            } else if (!query.contains("watch=true")) {
                list(exchange, plural);
            } else if (exchange.getRequestHeaders().containsKey("Upgrade")) {
                reply(exchange, 200, ""); // No web sockets here: clients come again without.
            } else {
                watch(exchange, plural, query);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void list(HttpExchange exchange, String plural) throws IOException {
        String body;
        synchronized (this) {
            body = "{\"kind\": \"List\", \"apiVersion\": \"v1\", \"metadata\": {\"resourceVersion\": \"" + version
                    + "\"}, \"items\": [" + String.join(", ", of(plural).values()) + "]}";
        }
        reply(exchange, 200, body);
    }

    private void watch(HttpExchange exchange, String plural, String query) throws IOException, InterruptedException {
        var watch = new Watch(plural, new LinkedBlockingQueue<>());
        long since = Long.parseLong(query.replaceAll(".*resourceVersion=([0-9]+).*", "$1"));
        synchronized (this) {
            if (since < version) {
                // A real one replays what is newer; a fresh list is as good.
                watch.events()
                        .add("{\"type\": \"ERROR\", \"object\": {\"kind\": \"Status\", \"apiVersion\": \"v1\","
                                + " \"status\": \"Failure\", \"reason\": \"Expired\", \"code\": 410}}\n");
                watch.events().add(END);
            }
            watches.add(watch);
        }
        exchange.getResponseHeaders().set("content-type", "application/json");
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            out.flush(); // Else the headers wait for the first event.
            for (String event = watch.events().take();
                    !event.equals(END);
                    event = watch.events().take()) {
                out.write(event.getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
        } finally {
            watches.remove(watch);
        }
    }

    private static void reply(HttpExchange exchange, int code, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("content-type", "application/json");
        exchange.sendResponseHeaders(code, bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) {
            exchange.getResponseBody().write(bytes);
        }
    }
}
