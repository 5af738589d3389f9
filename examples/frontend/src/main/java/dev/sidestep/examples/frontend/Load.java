package dev.sidestep.examples.frontend;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/** One load that somebody asked for over {@link Control}, from its start to the end of its last call. For any thread. */
final class Load {
    private final CountDownLatch stop = new CountDownLatch(1);
    private final ByteArrayOutputStream records = new ByteArrayOutputStream();
    private final Thread worker;

    private Load(Frontend.Config config, boolean http) {
        var log = new CallLog(new PrintStream(records, false, StandardCharsets.UTF_8));
        this.worker = new Thread(
                Frontend.quietly(() -> {
                    if (http) {
                        new HttpCalls(config, log).work(ticks(config.tick().toNanos()));
                    } else {
                        new GrpcCalls(config, log).work(ticks(config.grpcTick().toNanos()));
                    }
                }),
                "load");
    }

    /** @param options as those of the command line, without dashes; {@code http} or {@code grpc} decides which */
    static Load start(Map<String, String> options) {
        String[] arguments = options.entrySet().stream()
                .filter(each -> !each.getKey().equals("name"))
                .flatMap(each -> Stream.of("--" + each.getKey(), each.getValue()))
                .toArray(String[]::new);
        var load = new Load(Frontend.Config.parse(arguments), options.containsKey("http"));
        load.worker.start();
        return load;
    }

    private Ticks ticks(long periodNanos) {
        return new Ticks(System.nanoTime(), periodNanos, stop);
    }

    /** Starts no further call, and waits for the answers to those under way. */
    void stop() throws InterruptedException {
        stop.countDown();
        worker.join();
    }

    /** What was recorded since an offset, in bytes, in whole lines. */
    byte[] recordsFrom(int offset) {
        byte[] all = records.toByteArray();
        int from = Math.min(offset, all.length);
        int end = all.length;
        while (end > from && all[end - 1] != '\n') {
            end--;
        }
        return Arrays.copyOfRange(all, from, end);
    }
}
