package dev.sidestep.testkit;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.StackWalker.StackFrame;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/**
 * What a test needs of the machine. Where it is missing the test is left out, and a line about it goes to
 * {@code target/left-out} at the top of the source tree, which the build prints at its end; with
 * {@code SIDESTEP_TEST_REQUIRE_ALL=true} it fails instead.
 */
public final class Requirements {
    private Requirements() {}

    /**
     * A program, by {@code SIDESTEP_TEST_<NAME>} (a path), or found on the {@code PATH}.
     *
     * @param name as it would be typed, for example {@code envoy}
     */
    public static Path program(String name) {
        String variable = "SIDESTEP_TEST_" + name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
        String named = System.getenv(variable);
        Optional<Path> found =
                named == null ? onPath(name) : Optional.of(Path.of(named)).filter(Files::isExecutable);
        return found.orElseThrow(
                () -> leftOut("no program " + name + " (put it on the PATH, or its path into " + variable + ")"));
    }

    /** A Java runtime of exactly this feature version. */
    public static Jdk jdk(int feature) {
        return Jdks.ofThisMachine()
                .find(feature)
                .orElseThrow(
                        () -> leftOut("no Java " + feature + " (put its home into SIDESTEP_TEST_JDK_" + feature + ")"));
    }

    /**
     * The kubeconfig of a cluster whose administrator the test may be, by {@code SIDESTEP_TEST_KUBECONFIG}. A test makes
     * namespaces of its own there. Where that says {@code none}, there cannot be one, and tests that need one are left out
     * even where all is required.
     */
    public static Path kubeconfig() {
        String variable = "SIDESTEP_TEST_KUBECONFIG";
        String named = System.getenv(variable);
        if ("none".equals(named)) {
            throw leftOut("no cluster (" + variable + " says so)", false, SourceTree.root());
        }
        return Optional.ofNullable(named)
                .map(Path::of)
                .filter(Files::isReadable)
                .orElseThrow(() -> leftOut("no cluster (put the path of a kubeconfig into " + variable + ")"));
    }

    /** An image with what busybox has, for pods of that cluster: {@code SIDESTEP_TEST_BUSYBOX_IMAGE}. */
    public static String busyboxImage() {
        return Optional.ofNullable(System.getenv("SIDESTEP_TEST_BUSYBOX_IMAGE")).orElse("busybox:1.36");
    }

    /** Anything else: leaves the test out, with {@code reason}, unless {@code met}. */
    public static void that(boolean met, String reason) {
        if (!met) {
            throw leftOut(reason);
        }
    }

    private static Optional<Path> onPath(String name) {
        String path = System.getenv("PATH");
        return Stream.of((path == null ? "" : path).split(File.pathSeparator))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static RuntimeException leftOut(String reason) {
        return leftOut(reason, Boolean.parseBoolean(System.getenv("SIDESTEP_TEST_REQUIRE_ALL")), SourceTree.root());
    }

    static RuntimeException leftOut(String reason, boolean allRequired, Path root) {
        if (allRequired) {
            throw new AssertionError("required here (SIDESTEP_TEST_REQUIRE_ALL=true): " + reason);
        }
        String test = callingTest();
        String file = test.replaceAll("[^A-Za-z0-9.]", "_") + "." + Integer.toHexString(reason.hashCode()) + ".txt";
        try {
            Path folder = root.resolve("target").resolve("left-out");
            Files.createDirectories(folder);
            Files.writeString(folder.resolve(file), "  " + test + ": " + reason + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the list of left-out tests", e);
        }
        return new TestAbortedException(reason);
    }

    private static String callingTest() {
        return StackWalker.getInstance()
                .walk(frames -> frames.filter(frame -> frame.getClassName().startsWith("dev.sidestep.")
                                && !frame.getClassName().equals(Requirements.class.getName()))
                        .findFirst())
                .map(Requirements::nameOf)
                .orElse("a test");
    }

    private static String nameOf(StackFrame frame) {
        String type = frame.getClassName();
        return type.substring(type.lastIndexOf('.') + 1) + "." + frame.getMethodName();
    }
}
