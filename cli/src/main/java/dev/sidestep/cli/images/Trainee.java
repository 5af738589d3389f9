package dev.sidestep.cli.images;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process in training; what it prints is printed here. For one thread. */
final class Trainee {
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration END = Duration.ofMinutes(3); // The archive is written at the end.

    private final Process process;
    private final ClassOrigins classes = new ClassOrigins();
    private final Thread reader;

    private Trainee(Process process) {
        this.process = process;
        reader = new Thread(this::read, "output");
        reader.setDaemon(true);
        reader.start();
    }

    static Trainee start(List<String> command, Map<String, String> environment) throws IOException {
        var builder = new ProcessBuilder(command).directory(new File("/")).redirectErrorStream(true);
        builder.environment().putAll(environment);
        return new Trainee(builder.start());
    }

    private void read() {
        try {
            classes.read(process.getInputStream(), System.out);
        } catch (IOException e) {
            System.out.println("the output of a process in training cannot be read: " + e.getMessage());
        }
    }

    /** When {@code GET path} of that port was answered with 200, in nanoseconds. */
    long await(int port, String path) throws InterruptedException {
        byte[] request = ("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < START.toNanos()) {
            if (!process.isAlive()) {
                throw new IllegalStateException("it ended with " + process.exitValue() + " before it was ready");
            }
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
                socket.setSoTimeout(1000);
                socket.getOutputStream().write(request);
                String status = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
                if (status.endsWith(" 200")) {
                    return System.nanoTime();
                }
            } catch (IOException e) {
                TimeUnit.MILLISECONDS.sleep(1); // Not yet.
            }
        }
        throw new IllegalStateException(path + " of port " + port + ": no 200 after " + START.toSeconds() + " s");
    }

    /** Prints how much memory it has. */
    void printMemory() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith("VmRSS:") || line.startsWith("RssAnon:")) {
                System.out.println(
                        (line.startsWith("V") ? "rss" : "anonymous") + "-kib=" + line.replaceAll("[^0-9]", ""));
            }
        }
    }

    /** SIGTERM: it ends as in a pod, and writes its archive where it was told to. Prints where its classes came from. */
    void end() throws InterruptedException {
        process.toHandle().destroy(); // Without this end of its output, which it may still write to.
        if (!process.waitFor(END.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException("it did not end within " + END.toSeconds() + " s of SIGTERM");
        }
        int code = process.exitValue();
        if (code != 0 && code != 143) {
            throw new IllegalStateException("it ended with " + code);
        }
        reader.join(START.toMillis());
        System.out.println("classes=" + classes.classes());
        System.out.println("classes-archived=" + classes.archived());
    }

    /** It has helped, and is not needed any more. */
    void dismiss() throws InterruptedException {
        process.destroy();
        process.waitFor();
    }
}
