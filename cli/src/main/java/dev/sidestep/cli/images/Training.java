package dev.sidestep.cli.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * Runs one of our processes inside its finished root file system under {@link TrainingLoad}, and the other, of this build
 * machine, beside it. A process of its own, in a {@link Sandbox}: its ports are those of production.
 */
final class Training {
    private static final String HEALTH = "/healthz";

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
        var place = new Place(Path.of(args[1]), Path.of(args[2]));
        int rounds = Integer.parseInt(args[3]);
        List<String> command = Arrays.asList(args).subList(4, args.length);
        if (args[0].equals("sidecar")) {
            sidecar(place, rounds, command);
        } else {
            controlPlane(place, rounds, command);
        }
    }

    /**
     * Where files are.
     *
     * @param manifests the folder of them
     * @param seen the same, as the command sees it
     */
    private record Place(Path manifests, Path seen) {
        /** The folder of all files. */
        Path folder() {
            return above(manifests);
        }

        /** One of its files, as the command sees it. */
        String seen(String file) {
            return above(seen).resolve(file).toString();
        }

        private static Path above(Path file) {
            return Objects.requireNonNull(file.getParent(), "a folder in a folder");
        }
    }

    /** Beside a control plane that reads manifests, behind TLS. */
    private static void sidecar(Place place, int rounds, List<String> command) throws Exception {
        TrainingKeys keys = TrainingKeys.make(place.folder());
        Files.writeString(place.folder().resolve("ca.crt"), keys.certificate());
        Files.writeString(place.folder().resolve("token"), "not looked at");
        Files.createDirectories(place.manifests());
        try (var load = new TrainingLoad((name, text) -> write(place.manifests(), name, text));
                var tls = new TlsFront(16012, keys)) {
            tls.start(16010);
            List<String> other = here("dev.sidestep.cli.ContainerMain");
            other.addAll(List.of(
                    "control-plane",
                    "--directory",
                    place.manifests().toString(),
                    "--xds",
                    "127.0.0.1:16010",
                    "--admin",
                    "127.0.0.1:16080"));
            Trainee helper = Trainee.start(other, Map.of());
            helper.await(16080, HEALTH);
            long begin = System.nanoTime();
            Trainee subject = Trainee.start(command, client(place.seen("ca.crt"), place.seen("token")));
            ready(begin, subject.await(16020, HEALTH));
            System.out.println("calls=" + load.run(rounds, round -> {}));
            subject.printMemory();
            subject.end();
            helper.dismiss();
        }
    }

    /** As in its pod, with a sidecar for a client. */
    private static void controlPlane(Place place, int rounds, List<String> command) throws Exception {
        TrainingKeys keys = TrainingKeys.make(place.folder());
        try (var cluster = new PretendCluster(place.folder(), Path.of(place.seen("")), keys);
                var load = new TrainingLoad((name, text) -> cluster.apply(text))) {
            List<String> whole = new ArrayList<>(command);
            whole.addAll(cluster.arguments());
            long begin = System.nanoTime();
            Trainee subject = Trainee.start(whole, cluster.environment());
            ready(begin, subject.await(16080, HEALTH));
            subject.await(16080, "/readyz");
            Path trusted = Files.writeString(place.folder().resolve("ca.crt"), cluster.trusted());
            String token = place.folder().resolve("token").toString();
            Trainee helper =
                    Trainee.start(here("dev.sidestep.sidecar.SidecarProcess"), client(trusted.toString(), token));
            helper.await(16020, HEALTH);
            var more = new ClusterLoad(cluster.objects(), cluster.trusting());
            System.out.println("calls=" + load.run(rounds, more::round));
            subject.printMemory();
            helper.dismiss();
            subject.end();
        }
    }

    private static void ready(long begin, long end) {
        System.out.println("ready-ms=" + TimeUnit.NANOSECONDS.toMillis(end - begin));
    }

    private static void write(Path folder, String name, String text) throws IOException {
        Path draft = Files.writeString(folder.resolve("." + name + ".new"), text);
        Files.move(draft, folder.resolve(name + ".yaml"), StandardCopyOption.ATOMIC_MOVE);
    }

    /** The beginning of a command that runs a program of this build. */
    private static List<String> here(String main) {
        return new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                main));
    }

    /** A sidecar's. */
    private static Map<String, String> client(String ca, String token) {
        return Map.of(
                "SIDESTEP_CONTROL_PLANE", "127.0.0.1:16012",
                "SIDESTEP_CA_FILE", ca,
                "SIDESTEP_TOKEN_FILE", token,
                "SIDESTEP_NAMESPACE", "training",
                "SIDESTEP_NODE_NAME", "node-1",
                "SIDESTEP_POD_NAME", "trainee");
    }
}
