package dev.sidestep.cli.images;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;

/** What we put into an image: a program's jars with the native code that they carry, and the arguments of its JVM. */
final class Payload {
    private final Recipe recipe;
    private final List<Path> jars;

    private Payload(Recipe recipe, List<Path> jars) {
        this.recipe = recipe;
        this.jars = jars;
    }

    /** Of {@code recipe}, from the folder with all jars of the distribution. */
    static Payload of(Recipe recipe, Path libraries) throws ImageException, IOException {
        return new Payload(recipe, jars(recipe, libraries));
    }

    /** All of them, in the order of the class path. */
    List<Path> jars() {
        return jars;
    }

    /** The program's own jars and those that they name, in one order. */
    private static List<Path> jars(Recipe recipe, Path libraries) throws ImageException, IOException {
        List<String> all;
        try (var files = Files.list(libraries)) {
            all = files.map(each -> each.getFileName().toString()).sorted().toList();
        }
        List<String> wanted = new ArrayList<>();
        for (String start : concat(recipe.jar(), recipe.more())) {
            wanted.add(all.stream()
                    .filter(each -> each.matches(Pattern.quote(start) + "[0-9].*[.]jar"))
                    .findFirst()
                    .orElseThrow(() -> new ImageException(
                            "no " + start + "*.jar in " + libraries + "; build with mvn -Dquick package")));
        }
        try (var jar = new JarFile(libraries.resolve(wanted.get(0)).toFile())) {
            String named = jar.getManifest().getMainAttributes().getValue("Class-Path");
            if (named == null) {
                throw new ImageException(wanted.get(0) + ": its manifest has no Class-Path; build it anew");
            }
            wanted.addAll(Arrays.asList(named.split(" ", 0)));
        }
        return wanted.stream().distinct().map(libraries::resolve).toList();
    }

    private static List<String> concat(String first, List<String> others) {
        List<String> all = new ArrayList<>(List.of(first));
        all.addAll(others);
        return all;
    }

    /** The jars, the native code that they carry, the JVM's arguments and the settings of logging. */
    void write(RootFs root) throws ImageException, IOException {
        List<String> classPath = new ArrayList<>();
        for (Path jar : jars) {
            if (!Files.isRegularFile(jar)) {
                throw new ImageException(jar + ": no such jar; build with mvn -Dquick package");
            }
            boolean classes = unpackNative(jar, root);
            if (classes) {
                String path = Recipe.HOME + "/lib/" + jar.getFileName();
                Optional<byte[]> unsigned = UnsignedJar.of(jar);
                if (unsigned.isPresent()) {
                    root.write(new ByteArrayInputStream(unsigned.get()), path, 0644);
                } else {
                    root.copy(jar, path, 0644);
                }
                classPath.add(path);
            }
        }
        root.makeDirectory(Recipe.HOME + "/native");
        List<String> lines = new ArrayList<>(recipe.flags());
        if (!recipe.more().contains("sidestep-cli-")) {
            lines.addAll(logging());
        }
        lines.addAll(List.of("-cp", String.join(":", classPath), recipe.main()));
        Base.write(root, recipe.argumentsFile(), String.join("\n", lines) + "\n");
        // What gRPC logs of a connection that fails, we say in one line.
        Base.write(root, Recipe.HOME + "/logging.properties", """
                handlers=java.util.logging.ConsoleHandler
                .level=WARNING
                io.grpc.level=OFF
                java.util.logging.ConsoleHandler.formatter=java.util.logging.SimpleFormatter
                java.util.logging.SimpleFormatter.format=%1$tFT%1$tT.%1$tLZ %4$s %3$s - %5$s%6$s%n
                """);
        user(root);
    }

    /** The command line's settings of logging, as the sidecar, which has no jar of the command line, gets them. */
    private static List<String> logging() throws IOException {
        var settings = new Properties();
        try (InputStream in = ImageBuilder.class.getResourceAsStream("/simplelogger.properties")) {
            if (in == null) {
                throw new IOException("simplelogger.properties is not on the class path");
            }
            settings.load(in);
        }
        return new TreeSet<>(settings.stringPropertyNames())
                .stream()
                        .map(key -> "\"-D" + key + "=" + settings.getProperty(key) + "\"")
                        .toList();
    }

    /** Puts native code for this platform where the JVM finds it; whether the jar holds any class besides. */
    private static boolean unpackNative(Path jar, RootFs root) throws IOException {
        boolean nativeCode = false;
        boolean classes = false;
        try (var file = new JarFile(jar.toFile())) {
            for (JarEntry entry : (Iterable<JarEntry>) file.stream()::iterator) {
                String name = entry.getName();
                classes |= name.endsWith(".class") && !name.equals("module-info.class");
                if (name.startsWith("META-INF/native/") && !entry.isDirectory()) {
                    nativeCode = true;
                    if (name.endsWith("x86_64.so")) {
                        try (InputStream in = file.getInputStream(entry)) {
                            String library = name.substring(name.lastIndexOf('/') + 1);
                            root.write(in, Recipe.HOME + "/native/" + library, 0755);
                        }
                    }
                }
            }
        }
        return classes || !nativeCode;
    }

    /** For programs that look for the name of who they are. */
    private static void user(RootFs root) throws IOException {
        for (String each : List.of("/etc/passwd", "/etc/group")) {
            String before = root.has(each) ? Files.readString(root.at(each)) : "";
            String line = each.equals("/etc/passwd")
                    ? "sidestep:x:16001:16001:Sidestep:/:/sbin/nologin\n"
                    : "sidestep:x:16001:\n";
            Base.write(root, each, before + (before.isEmpty() || before.endsWith("\n") ? "" : "\n") + line);
        }
    }
}
