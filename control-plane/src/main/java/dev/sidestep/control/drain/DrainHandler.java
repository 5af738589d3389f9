package dev.sidestep.control.drain;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.sidestep.control.https.HttpsListener;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@link DrainPage} for kubelets. Holds no thread while a pod waits. */
public final class DrainHandler implements HttpHandler {
    /** The beginning of its path; the pod's id is the rest. */
    public static final String PATH = "/drained/";

    private static final Logger LOG = LoggerFactory.getLogger(DrainHandler.class);
    private static final String TEXT = "text/plain; charset=utf-8";

    private final DrainPage page;
    private final Executor writer;

    /** @param writer writes the answers: who reads them slowly must not keep the index waiting */
    public DrainHandler(DrainPage page, Executor writer) {
        this.page = page;
        this.writer = writer;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestMethod().equals("GET")) {
            HttpsListener.answer(exchange, 405, TEXT, "only GET is answered here\n");
            return;
        }
        String id = exchange.getRequestURI().getPath().substring(PATH.length());
        var unused = page.drained(id, query(exchange.getRequestURI().getRawQuery()))
                .thenAcceptAsync(
                        line -> {
                            try {
                                HttpsListener.answer(exchange, 200, TEXT, line);
                            } catch (IOException gone) {
                                LOG.debug("a kubelet did not wait for its answer", gone);
                            }
                        },
                        writer);
    }

    private static Map<String, String> query(String raw) {
        var query = new HashMap<String, String>();
        if (raw != null) {
            for (String pair : raw.split("&", -1)) {
                int equals = pair.indexOf('=');
                if (equals > 0) {
                    query.put(pair.substring(0, equals), pair.substring(equals + 1));
                }
            }
        }
        return query;
    }
}
