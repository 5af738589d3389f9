package dev.sidestep.examples.backend;

import io.grpc.Server;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** Starts the servers, says on stdout where they listen, and on SIGTERM finishes what is under way. */
public final class Backend {
    private static final String USAGE = """
            backend [--pod NAME] [--address 127.0.0.1] [--http PORT] [--grpc PORT] [--work MS] [--access-log true]
              GET|POST /api     the pod's name, after --work milliseconds (5)
              GET /ready        200
              POST /faults?kind=latency&ms=200 | status&status=503 | hang | reset | halt  [&path=/api/x]
              DELETE /faults    heals
              gRPC sidestep.examples.Greeter/Greet
            Ports are free ones unless given; the line "listening" on stdout names them.""";
    private static final long DRAIN_SECONDS = 10;

    private Backend() {}

    /**
     * Where to listen and what to answer.
     *
     * @param workMillis how long a request takes
     */
    record Config(String pod, String address, int httpPort, int grpcPort, long workMillis, boolean accessLog) {
        static Config parse(String[] args) {
            Map<String, String> options = new TreeMap<>(Map.of(
                    "--pod", "backend",
                    "--address", "127.0.0.1",
                    "--http", "0",
                    "--grpc", "0",
                    "--work", "5",
                    "--access-log", "false"));
            for (int i = 0; i < args.length; i += 2) {
                if (i + 1 == args.length || options.put(args[i], args[i + 1]) == null) {
                    throw new IllegalArgumentException(args[i] + " (expected: one of " + options.keySet() + " VALUE)");
                }
            }
            return new Config(
                    options.getOrDefault("--pod", ""),
                    options.getOrDefault("--address", ""),
                    Integer.parseInt(options.getOrDefault("--http", "")),
                    Integer.parseInt(options.getOrDefault("--grpc", "")),
                    Long.parseLong(options.getOrDefault("--work", "")),
                    Boolean.parseBoolean(options.get("--access-log")));
        }
    }

    public static void main(String[] args) throws Exception {
        Config config;
        try {
            config = Config.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println("backend: " + e.getMessage());
            System.err.println(USAGE);
            System.exit(2);
            return;
        }
        var faults = new Faults();
        var log = new AccessLog(System.out, config.accessLog());
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
        HttpServer http = HttpServer.start(config, loops, faults, log);
        Server grpc = new GrpcServer(config, loops, faults, log).start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(http, grpc, faults), "stop"));
        log.say("listening\t" + config.pod() + "\t" + http.port() + "\t" + grpc.getPort());
        grpc.awaitTermination();
    }

    private static void stop(HttpServer http, Server grpc, Faults faults) {
        grpc.shutdown();
        http.drain();
        faults.heal(); // What hangs is answered: a stop is not another fault.
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DRAIN_SECONDS);
        try {
            while (!http.isDrained() && System.nanoTime() - deadline < 0) {
                Thread.sleep(10);
            }
            grpc.awaitTermination(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
