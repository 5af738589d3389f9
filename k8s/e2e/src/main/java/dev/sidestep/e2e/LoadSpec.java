package dev.sidestep.e2e;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a load client shall do: every {@code tickMillis} start {@code connections} calls at once, so that a pool of
 * HTTP/1.1 connections holds as many, all in use.
 *
 * @param protocol http, h2 or grpc
 * @param target a URL, or for grpc a target
 * @param postEvery every so many-th is a POST; 0 for none
 * @param fresh whether each call has a connection of its own
 */
public record LoadSpec(
        String protocol,
        String target,
        int connections,
        int tickMillis,
        int timeoutMillis,
        int postEvery,
        boolean fresh) {
    public static LoadSpec http(String url, int connections, int perSecond) {
        return new LoadSpec("http", url, connections, tick(connections, perSecond), 5000, 0, false);
    }

    public static LoadSpec grpc(String target, int perSecond) {
        return new LoadSpec("grpc", target, 1, tick(1, perSecond), 5000, 0, false);
    }

    private static int tick(int connections, int perSecond) {
        if ((connections * 1000) % perSecond != 0) {
            throw new IllegalArgumentException(perSecond + " calls per second by " + connections
                    + " at once (expected: a tick of whole milliseconds)");
        }
        return connections * 1000 / perSecond;
    }

    public LoadSpec withPostEvery(int count) {
        return new LoadSpec(protocol, target, connections, tickMillis, timeoutMillis, count, fresh);
    }

    public LoadSpec withTimeoutMillis(int millis) {
        return new LoadSpec(protocol, target, connections, tickMillis, millis, postEvery, fresh);
    }

    /** With a connection of its own for each call, of HTTP/1.1; the Java client cannot. */
    public LoadSpec withFreshConnections() {
        return new LoadSpec(protocol, target, connections, tickMillis, timeoutMillis, postEvery, true);
    }

    /** As both load clients read it; the Java one has a tick of its own for gRPC. */
    String query(String name) {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("name", name);
        values.put(protocol, target);
        values.put("connections", Integer.toString(connections));
        values.put("tick", Integer.toString(tickMillis));
        values.put("grpc-tick", Integer.toString(tickMillis));
        values.put("timeout", Integer.toString(timeoutMillis));
        values.put("post-every", Integer.toString(postEvery));
        if (fresh) {
            values.put("fresh", "true");
        }
        return values.entrySet().stream()
                .map(each -> each.getKey() + "=" + URLEncoder.encode(each.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
    }
}
