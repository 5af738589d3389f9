package dev.sidestep.examples.backend;

import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The faults in force: one for everything, and one a path, which wins. For any thread. */
final class Faults {
    private static final String EVERYWHERE = "";

    private final Map<String, Fault> byPath = new ConcurrentHashMap<>();
    private final Queue<Runnable> held = new ConcurrentLinkedQueue<>();

    Fault at(String path) {
        Fault own = byPath.get(path);
        return own != null ? own : byPath.getOrDefault(EVERYWHERE, Fault.NONE);
    }

    /** Keeps a request unanswered until {@link #heal}; then it is answered late, as after a long pause. */
    void hold(Runnable answer) {
        held.add(answer);
        if (byPath.isEmpty()) {
            release(); // Healed in between: nobody else would come for it.
        }
    }

    /** Applies what a control request asks for: {@code kind}, and {@code status}, {@code ms}, {@code path} as it needs. */
    void set(Map<String, String> parameters) {
        String kind = parameters.getOrDefault("kind", "");
        Fault fault;
        try {
            fault = new Fault(
                    Fault.Kind.valueOf(kind.toUpperCase(Locale.ROOT)),
                    Integer.parseInt(parameters.getOrDefault("status", "503")),
                    Long.parseLong(parameters.getOrDefault("ms", "1000")));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "kind: \"" + kind + "\" (expected: latency&ms=N, status&status=N, hang, reset or halt; or DELETE)",
                    e);
        }
        byPath.put(parameters.getOrDefault("path", EVERYWHERE), fault);
    }

    void heal() {
        byPath.clear();
        release();
    }

    private void release() {
        for (Runnable answer = held.poll(); answer != null; answer = held.poll()) {
            answer.run();
        }
    }
}
