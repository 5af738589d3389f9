package dev.sidestep.control.injector;

import com.sun.net.httpserver.HttpHandler;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.auth.ServerIdentity;
import dev.sidestep.control.https.HttpsListener;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.control.settings.Settings;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/** The injector of a running control plane: webhook, facts and Events. Any thread. */
public final class InjectorServer implements AutoCloseable {
    /** Hexadecimal, 32 characters: nobody guesses the name by which a pod is drained. */
    private static final int ID_BYTES = 16;

    /** Enough for all classes to be there; more would only have the JIT compete with the start of everything else. */
    private static final int WARM_UP_ROUNDS = 10;

    private final HttpsListener listener;
    private final Deque<AutoCloseable> closing;
    private final AtomicBoolean warm;

    private InjectorServer(HttpsListener listener, Deque<AutoCloseable> closing, AtomicBoolean warm) {
        this.listener = listener;
        this.closing = closing;
        this.warm = warm;
    }

    /**
     * What it is made of.
     *
     * @param owner of {@code workloads}
     * @param ownNamespace where we run, and inject nothing
     * @param synced whether the pods that were there at the start are known
     */
    public record Parts(
            KubernetesClient client,
            SerialExecutor owner,
            WorkloadIndex workloads,
            ServerIdentity identity,
            Settings settings,
            String ownNamespace,
            BooleanSupplier synced,
            MeterRegistry registry) {}

    /**
     * Listens. Before {@code parts.workloads()} hears of its first change.
     *
     * @param others what else is answered there, by the beginning of the path
     */
    public static InjectorServer start(InetSocketAddress address, Parts parts, Map<String, HttpHandler> others)
            throws IOException {
        Deque<AutoCloseable> closing = new ArrayDeque<>();
        var reader = new ThreadSerialExecutor("injector");
        closing.push(reader);
        var writer = new ThreadSerialExecutor("injector-events");
        closing.push(writer);
        var facts = new LiveFacts(
                reader, parts.client(), parts.workloads(), parts.identity(), parts.settings(), parts.ownNamespace());
        closing.push(facts);
        parts.workloads().listen(facts);
        parts.workloads()
                .listen(new InjectionEvents(
                        parts.owner(), parts.client(), writer, InstantSource.system(), parts.synced()));
        var random = new SecureRandom();
        var injector = new Injector(parts.settings(), () -> id(random));
        var webhook = new Webhook(
                injector,
                facts,
                Set.of("kube-system", "kube-public", "kube-node-lease", parts.ownNamespace()),
                parts.registry());
        Map<String, HttpHandler> handlers = new HashMap<>(others);
        handlers.put(Webhook.PATH, webhook);
        try {
            HttpsListener listener = HttpsListener.start(address, parts.identity(), handlers);
            closing.push(listener);
            facts.start();
            var warm = new AtomicBoolean();
            reader.execute(() -> {
                try {
                    Webhook.warmUp(parts.settings(), WARM_UP_ROUNDS);
                } finally {
                    warm.set(true);
                }
            });
            return new InjectorServer(listener, closing, warm);
        } catch (IOException e) {
            closeAll(closing);
            throw e;
        }
    }

    public InetSocketAddress address() {
        return listener.address();
    }

    /**
     * Whether the cluster was asked for its facts, and classes that are loaded late will not cost the first pod the two
     * seconds after which the API server makes it without us.
     */
    public boolean isWarm() {
        return warm.get();
    }

    @Override
    public void close() {
        closeAll(closing);
    }

    private static void closeAll(Deque<AutoCloseable> closing) {
        while (!closing.isEmpty()) {
            try {
                closing.pop().close();
            } catch (Exception nothingOfOursThrowsHere) {
                throw new IllegalStateException(nothingOfOursThrowsHere);
            }
        }
    }

    private static String id(SecureRandom random) {
        byte[] bytes = new byte[ID_BYTES];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
