package dev.sidestep.examples.frontend;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;

/** Calls both services until SIGTERM; then ends what is under way. */
public final class Frontend {
    private static final String USAGE = """
            frontend --http http://backend-service/api --grpc greeter-service:80
                     [--name NAME] [--connections 6] [--tick MS] [--grpc-tick MS] [--timeout MS] [--post-every 4]
              Every --tick (50 ms) as many calls as --connections go to --http, every --grpc-tick (10 ms) one goes to --grpc.
              One line on stdout for each call.
            frontend --control PORT
              Calls nobody before it is told to: POST /start?name=N&http=URL&tick=20, POST /stop?name=N, GET /records?name=N""";
    private static final long STOP_MILLIS = 5_000;

    private Frontend() {}

    /**
     * Whom to call, and how often.
     *
     * @param postEvery every so many-th HTTP call is a POST; 0 for none
     */
    record Config(
            URI http,
            String grpc,
            String name,
            int connections,
            Duration tick,
            Duration grpcTick,
            Duration timeout,
            int postEvery) {
        static Config parse(String[] args) {
            Map<String, String> options = new TreeMap<>(Map.of(
                    "--http", "http://backend-service/api",
                    "--grpc", "greeter-service:80",
                    "--name", "frontend",
                    "--connections", "6",
                    "--tick", "50",
                    "--grpc-tick", "10",
                    "--timeout", "2000",
                    "--post-every", "4"));
            for (int i = 0; i < args.length; i += 2) {
                if (i + 1 == args.length || options.put(args[i], args[i + 1]) == null) {
                    throw new IllegalArgumentException(args[i] + " (expected: one of " + options.keySet() + " VALUE)");
                }
            }
            return new Config(
                    HttpCalls.url(options.getOrDefault("--http", "")),
                    options.getOrDefault("--grpc", ""),
                    options.getOrDefault("--name", ""),
                    Integer.parseInt(options.getOrDefault("--connections", "")),
                    millis(options, "--tick"),
                    millis(options, "--grpc-tick"),
                    millis(options, "--timeout"),
                    Integer.parseInt(options.getOrDefault("--post-every", "")));
        }

        private static Duration millis(Map<String, String> options, String name) {
            return Duration.ofMillis(Long.parseLong(options.getOrDefault(name, "")));
        }
    }

    public static void main(String[] args) throws IOException {
        if (args.length == 2 && args[0].equals("--control")) {
            new Control(InetAddress.getLocalHost().getHostName()).listen(Integer.parseInt(args[1]));
            return;
        }
        Config config;
        try {
            config = Config.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println("frontend: " + e.getMessage());
            System.err.println(USAGE);
            System.exit(2);
            return;
        }
        var log = new CallLog(System.out);
        var stop = new CountDownLatch(1);
        var http = new HttpCalls(config, log);
        var grpc = new GrpcCalls(config, log);
        long start = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        threads.add(new Thread(
                quietly(() -> http.work(new Ticks(start, config.tick().toNanos(), stop))), "http"));
        threads.add(new Thread(
                quietly(() -> grpc.work(new Ticks(start, config.grpcTick().toNanos(), stop))), "grpc"));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(stop, threads), "stop"));
        threads.forEach(Thread::start);
    }

    private static void stop(CountDownLatch stop, List<Thread> threads) {
        stop.countDown();
        try {
            for (Thread each : threads) {
                each.join(STOP_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    interface Work {
        void run() throws InterruptedException;
    }

    static Runnable quietly(Work work) {
        return () -> {
            try {
                work.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // Nobody interrupts these; and if so, the thread ends.
            }
        };
    }
}
