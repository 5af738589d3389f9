import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Stands between a client and an API server, hands on every request with the client's own token, and writes down what was
 * asked for, as RBAC names it: {@code VERB GROUP RESOURCE NAMESPACE NAME STATUS}, each once, "-" for what is empty.
 *
 * <p>Run by {@code java ApiRecorder.java HOST:PORT KEYSTORE API_SERVER CA_FILE OUTPUT}; the keystore's password is
 * "recorder". Part of k8s/e2e/install.
 */
final class ApiRecorder {
    private static final Set<String> NOT_HANDED_ON =
            Set.of("host", "connection", "content-length", "upgrade", "http2-settings", "transfer-encoding");
    private static final int BUFFER = 16 * 1024;

    private final URI server;
    private final HttpClient client;
    private final Path output;
    private final Set<String> seen = new ConcurrentSkipListSet<>();

    private ApiRecorder(URI server, HttpClient client, Path output) {
        this.server = server;
        this.client = client;
        this.output = output;
    }

    public static void main(String[] args) throws Exception {
        int colon = args[0].lastIndexOf(':');
        var address = new InetSocketAddress(args[0].substring(0, colon), Integer.parseInt(args[0].substring(colon + 1)));
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(trusting(Path.of(args[3])))
                .connectTimeout(Duration.ofSeconds(5))
                .build();
        var recorder = new ApiRecorder(URI.create(args[2]), client, Path.of(args[4]));
        HttpsServer https = HttpsServer.create(address, 0);
        https.setHttpsConfigurator(new HttpsConfigurator(showing(Path.of(args[1]))));
        https.setExecutor(Executors.newCachedThreadPool());
        https.createContext("/", recorder::handle);
        https.start();
        System.out.println("recording on " + https.getAddress());
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            URI asked = exchange.getRequestURI();
            if (exchange.getRequestHeaders().containsKey("Upgrade")) {
                exchange.sendResponseHeaders(503, -1); // No WebSockets here: the client asks again without.
                return;
            }
            byte[] body = exchange.getRequestBody().readAllBytes();
            var request = HttpRequest.newBuilder(server.resolve(asked))
                    .method(
                            exchange.getRequestMethod(),
                            body.length == 0
                                    ? HttpRequest.BodyPublishers.noBody()
                                    : HttpRequest.BodyPublishers.ofByteArray(body));
            exchange.getRequestHeaders().forEach((name, values) -> {
                if (!NOT_HANDED_ON.contains(name.toLowerCase(Locale.ROOT))) {
                    values.forEach(value -> request.header(name, value));
                }
            });
            HttpResponse<InputStream> response =
                    client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            record(exchange.getRequestMethod(), asked, response.statusCode());
            response.headers().map().forEach((name, values) -> {
                if (!name.startsWith(":") && !NOT_HANDED_ON.contains(name)) {
                    exchange.getResponseHeaders().put(name, values);
                }
            });
            exchange.sendResponseHeaders(response.statusCode(), 0);
            exchange.getResponseBody().flush(); // A watch answers at once, and sends its first event whenever there is one.
            try (InputStream in = response.body();
                    OutputStream out = exchange.getResponseBody()) {
                var buffer = new byte[BUFFER];
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    out.write(buffer, 0, n);
                    out.flush(); // A watch sends its events when they happen.
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** {@code /api/v1/...} and {@code /apis/GROUP/VERSION/...}; anything else is no resource, and free for all to read. */
    private void record(String method, URI asked, int status) throws IOException {
        List<String> path = List.of(asked.getPath().substring(1).split("/"));
        int start = path.get(0).equals("apis") ? 3 : 2;
        if (!path.get(0).startsWith("api") || path.size() <= start) {
            return;
        }
        String group = start == 3 ? path.get(1) : "-";
        List<String> rest = path.subList(start, path.size());
        String namespace = "-";
        if (rest.get(0).equals("namespaces") && rest.size() > 2) {
            namespace = rest.get(1);
            rest = rest.subList(2, rest.size());
        }
        String resource = rest.size() > 2 ? rest.get(0) + "/" + rest.get(2) : rest.get(0);
        String name = rest.size() > 1 ? rest.get(1) : "-";
        String query = asked.getQuery() == null ? "" : asked.getQuery();
        String verb = switch (method) {
            case "POST" -> "create";
            case "PUT" -> "update";
            case "PATCH" -> "patch";
            case "DELETE" -> name.equals("-") ? "deletecollection" : "delete";
            default -> query.contains("watch=true") || query.contains("watch=1")
                    ? "watch"
                    : name.equals("-") ? "list" : "get";
        };
        if (seen.add(String.join(" ", verb, group, resource, namespace, name, String.valueOf(status)))) {
            synchronized (this) {
                try (var out = new PrintStream(Files.newOutputStream(output))) {
                    new TreeSet<>(seen).forEach(out::println);
                }
            }
        }
    }

    private static SSLContext showing(Path keystore) throws Exception {
        char[] password = "recorder".toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(keystore)) {
            store.load(in, password);
        }
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    private static SSLContext trusting(Path ca) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(ca)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}
