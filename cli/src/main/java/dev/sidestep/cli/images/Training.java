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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * Runs one of our processes inside its finished root file system under {@link TrainingLoad}, and the other, of this build
 * machine, beside it. A process of its own, in a {@link Sandbox}: its ports are those of production.
 */
final class Training {
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration END = Duration.ofMinutes(3); // The archive is written at the end.

    private Training() {}

    /**
     * Arguments: {@code sidecar} or {@code control-plane}, which is the command; the folder of manifests, and the same as
     * the command sees it; how many rounds of calls; the command. Prints its measurements as {@code name=value}, one a line.
     */
    public static void main(String[] args) {
        try {
            train(args);
            System.exit(0);
        } catch (Exception | LinkageError e) {
            e.printStackTrace();
            System.exit(1); // Its servers' threads would keep it.
        }
    }

    private static void train(String... args) throws Exception {
        boolean sidecar = args[0].equals("sidecar");
        Path manifests = Path.of(args[1]);
        int rounds = Integer.parseInt(args[3]);
        List<String> command = new ArrayList<>(Arrays.asList(args).subList(4, args.length));
        Map<String, String> environment = new HashMap<>(Map.of(
                "SIDESTEP_CONTROL_PLANE", "127.0.0.1:16010",
                "SIDESTEP_NAMESPACE", "training",
                "SIDESTEP_NODE_NAME", "node-1",
                "SIDESTEP_POD_NAME", "trainee"));
        Path tmp = above(manifests);
        List<String> here = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"));
        List<String> other = new ArrayList<>(here);
        if (sidecar) {
            other.add("dev.sidestep.cli.ContainerMain");
            other.addAll(controlPlane(manifests.toString()));
        } else {
            command.addAll(controlPlane(args[2]));
            other.add("dev.sidestep.sidecar.SidecarProcess");
        }
        try (var load = new TrainingLoad(manifests);
                var tls = new TlsFront(16012, tmp.resolve("ca.crt"), tmp)) {
            tls.start(16010);
            Files.writeString(tmp.resolve("token"), "not looked at");
            Process helper = start(other, environment);
            if (sidecar) {
                await(16080, helper);
            }
            if (sidecar) {
                environment.put("SIDESTEP_CONTROL_PLANE", "127.0.0.1:16012");
                environment.put("SIDESTEP_CA_FILE", seen(args[2], "ca.crt"));
                environment.put("SIDESTEP_TOKEN_FILE", seen(args[2], "token"));
            }
            long begin = System.nanoTime();
            Process subject = start(command, environment);
            long ready = await(sidecar ? 16020 : 16080, subject);
            if (!sidecar) {
                await(16020, helper);
            }
            System.out.println("ready-ms=" + TimeUnit.NANOSECONDS.toMillis(ready - begin));
            System.out.println("calls=" + load.run(rounds));
            memory(subject);
            subject.destroy(); // SIGTERM: it ends as in a pod, and writes its archive where it was told to.
            if (!subject.waitFor(END.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("it did not end within " + END.toSeconds() + " s of SIGTERM");
            }
            int code = subject.exitValue();
            if (code != 0 && code != 143) {
                throw new IllegalStateException("it ended with " + code);
            }
            helper.destroy();
            helper.waitFor();
        }
    }

    private static Path above(Path file) {
        return Objects.requireNonNull(file.getParent(), "a folder in a folder");
    }

    /** A file beside the manifests, as the command sees it. */
    private static String seen(String manifests, String file) {
        return above(Path.of(manifests)).resolve(file).toString();
    }

    private static List<String> controlPlane(String manifests) {
        return List.of(
                "control-plane", "--directory", manifests, "--xds", "127.0.0.1:16010", "--admin", "127.0.0.1:16080");
    }

    private static Process start(List<String> command, Map<String, String> environment) throws IOException {
        var builder = new ProcessBuilder(command)
                .directory(new File("/"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** When {@code GET /healthz} of that port was answered with 200, in nanoseconds. */
    private static long await(int port, Process process) throws InterruptedException {
        byte[] request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
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
        throw new IllegalStateException("not ready after " + START.toSeconds() + " s");
    }

    private static void memory(Process process) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith("VmRSS:") || line.startsWith("RssAnon:")) {
                System.out.println(
                        (line.startsWith("V") ? "rss" : "anonymous") + "-kib=" + line.replaceAll("[^0-9]", ""));
            }
        }
    }
}
