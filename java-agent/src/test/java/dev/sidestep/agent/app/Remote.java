package dev.sidestep.agent.app;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** Lets a test tell an application what to do: the query of a request are the orders, the lines of the answer what came. */
final class Remote {
    private final Function<Map<String, String>, List<String>> orders;

    private Remote(Function<Map<String, String>, List<String>> orders) {
        this.orders = orders;
    }

    /** Prints the port that it listens on, and returns. */
    static void listen(Function<Map<String, String>, List<String>> orders) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", new Remote(orders)::answer);
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
            lines = String.join("\n", orders.apply(query));
        } catch (RuntimeException e) {
            lines = "broken: " + e;
        }
        byte[] body = lines.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
