package dev.sidestep.sidecar;

import java.io.UncheckedIOException;
import java.security.Security;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** A sidecar that is a process of its own: how it starts, and how it ends. */
public final class SidecarProcess {
    private static final List<String> LEVELS = List.of("trace", "debug", "info", "warn", "error", "off");

    private SidecarProcess() {}

    /** The container's entry: told by the environment only, so that no flag has to be parsed before it is ready. */
    public static void main(String[] args) throws InterruptedException {
        Map<String, String> environment = System.getenv();
        setLogLevel(environment);
        try {
            run(SidecarConfig.fromEnvironment(environment));
        } catch (UncheckedIOException | IllegalArgumentException e) {
            System.err.println("sidecar: " + e.getMessage());
            System.exit(1);
        }
    }

    /** Never returns: on SIGTERM or SIGINT calls in flight end, then the JVM does. */
    public static void run(SidecarConfig config) throws InterruptedException {
        forgetFailedLookups();
        Sidecar running = Sidecar.start(config);
        Runnable stop = () -> {
            running.drain();
            running.close();
        };
        Runtime.getRuntime().addShutdownHook(new Thread(stop, "stop"));
        new CountDownLatch(1).await();
    }

    /**
     * To be called before the first look-up. The JVM remembers for 10 s that a name was not found: one lost packet as the
     * pod starts would keep us from the control plane for so long. Who looks up again waits by itself.
     */
    static void forgetFailedLookups() {
        Security.setProperty("networkaddress.cache.negative.ttl", "0");
    }

    /** To be called before the first logger is made: {@code SIDESTEP_LOG_LEVEL}, which is {@code info} unless set. */
    public static void setLogLevel(Map<String, String> environment) {
        String level =
                environment.getOrDefault("SIDESTEP_LOG_LEVEL", "").strip().toLowerCase(Locale.ROOT);
        if (LEVELS.contains(level)) {
            System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", level);
        } else if (!level.isEmpty()) {
            System.err.println("SIDESTEP_LOG_LEVEL: \"" + level + "\" (expected: one of " + String.join(", ", LEVELS)
                    + "); using info");
        }
    }
}
