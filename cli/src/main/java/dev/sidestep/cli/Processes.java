package dev.sidestep.cli;

import java.util.concurrent.CountDownLatch;

/** How the processes end. */
final class Processes {
    private Processes() {}

    /** Never returns: {@code stop} runs on SIGTERM or SIGINT, and the JVM ends after it. */
    static void runUntilTerminated(Runnable stop) throws InterruptedException {
        Runtime.getRuntime().addShutdownHook(new Thread(stop, "stop"));
        new CountDownLatch(1).await();
    }
}
