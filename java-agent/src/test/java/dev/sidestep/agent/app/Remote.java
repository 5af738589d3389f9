package dev.sidestep.agent.app;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.function.Function;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** Lets a test tell an application what to do: the query of a request are the orders, the lines of the answer what came. {@code jmx=…} asks the agent's bean. */
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
            String attribute = query.get("jmx");
            lines = attribute == null ? String.join("\n", orders.apply(query)) : bean(attribute);
        } catch (RuntimeException e) {
            lines = "broken: " + e;
        }
        byte[] body = lines.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static String bean(String attribute) {
        try {
            MBeanServer server = ManagementFactory.getPlatformMBeanServer();
            ObjectName name = new ObjectName("dev.sidestep:type=Agent");
            return attribute.startsWith("why ")
                    ? String.valueOf(
                            server.invoke(name, "why", new Object[] {attribute.substring(4), 80}, new String[] {
                                String.class.getName(), "int"
                            }))
                    : String.valueOf(server.getAttribute(name, attribute));
        } catch (JMException e) {
            return e.toString();
        }
    }
}
