package dev.sidestep.cli.images;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Unpacks packages of the build machine's Debian into a root file system, without running their scripts. apt finds,
 * fetches and checks them (signatures and all); each is kept in {@code cache} by its checksum, so that it is fetched once.
 */
final class DebianPackages {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final String FIX =
            "build on a machine with Debian's apt-get and dpkg-deb, and run apt-get update before";

    /** {@code 'https://…/x.deb' x_1_amd64.deb 1234 SHA256:…}. */
    private static final Pattern PLACE = Pattern.compile("'\\S+' (\\S+[.]deb) [0-9]+ SHA256:([0-9a-f]{64})");

    private final Path cache;

    DebianPackages(Path cache) {
        this.cache = cache;
    }

    /** Without what only people and builds read. Each package's copyright stays, and scanners find what is in. */
    void unpack(List<String> packages, RootFs into) throws ImageException, IOException {
        for (Path each : fetch(packages)) {
            String control = run(Path.of("/"), List.of("dpkg-deb", "--field", each.toString()));
            Path tar = Files.createTempFile("sidestep-", ".tar");
            try {
                var builder = new ProcessBuilder("dpkg-deb", "--fsys-tarfile", each.toString())
                        .redirectOutput(tar.toFile())
                        .redirectError(ProcessBuilder.Redirect.DISCARD);
                if (builder.start().waitFor() != 0) {
                    throw new ImageException(each + ": dpkg-deb cannot unpack it; delete it and try again");
                }
                try (InputStream in = Files.newInputStream(tar)) {
                    into.unpack(in, DebianPackages::matters);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ImageException("dpkg-deb: interrupted", e);
            } finally {
                Files.delete(tar);
            }
            // Where images without a package manager list them, one file each.
            String name = control.lines()
                    .filter(line -> line.startsWith("Package: "))
                    .map(line -> line.substring("Package: ".length()))
                    .findFirst()
                    .orElse(each.getFileName().toString());
            into.write(
                    new ByteArrayInputStream(control.getBytes(StandardCharsets.UTF_8)),
                    "/var/lib/dpkg/status.d/" + name,
                    0644);
        }
    }

    private static boolean matters(String path) {
        if (path.startsWith("usr/share/doc/")) {
            return path.endsWith("/copyright");
        }
        return List.of(
                        "usr/share/man",
                        "usr/share/locale",
                        "usr/share/lintian",
                        "usr/share/bug",
                        "usr/share/initramfs-tools",
                        "usr/lib/x86_64-linux-gnu/gconv", // Java brings its own.
                        "usr/lib/locale")
                .stream()
                .noneMatch(path::startsWith);
    }

    /** Their files, in the order of {@code packages}. */
    private List<Path> fetch(List<String> packages) throws ImageException, IOException {
        Files.createDirectories(cache);
        List<String> command = new ArrayList<>(List.of("apt-get", "-qq", "--print-uris", "download"));
        command.addAll(packages);
        Map<String, String> sums = new HashMap<>();
        Matcher place = PLACE.matcher(run(cache, command));
        while (place.find()) {
            sums.put(place.group(1), place.group(2));
        }
        List<Path> files = new ArrayList<>();
        for (String name : packages) {
            String file = sums.keySet().stream()
                    .filter(each -> each.startsWith(name + "_"))
                    .findFirst()
                    .orElseThrow(() -> new ImageException("package " + name + ": apt names no file for it; " + FIX));
            files.add(fetched(name, file, sums.getOrDefault(file, "")));
        }
        return files;
    }

    private Path fetched(String name, String file, String sum) throws ImageException, IOException {
        Path kept = cache.resolve(sum + ".deb");
        if (!Files.exists(kept)) {
            Path folder = Files.createTempDirectory(cache, "fetch-");
            try {
                run(folder, List.of("apt-get", "-qq", "-o", "APT::Sandbox::User=", "download", name));
                Path fresh = folder.resolve(file);
                if (!Files.exists(fresh) || !Digests.ofFile(fresh).equals(sum)) {
                    throw new ImageException("package " + name + ": apt fetched another file than it named; try again");
                }
                Files.move(fresh, kept, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                RootFs.deleteTree(folder);
            }
        }
        return kept;
    }

    private static String run(Path folder, List<String> command) throws ImageException {
        return Program.run(folder, Map.of("LC_ALL", "C"), LIMIT, FIX, command);
    }
}
