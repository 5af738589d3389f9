package dev.sidestep.interop.conformance;

import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.SourceTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The program {@code WireMain} of module {@code xds}, in a JVM that has javalite where this one has protobuf-java. */
final class OurSide {
    private OurSide() {}

    /** Every kind of message that we write. */
    static List<Sample> written(Path folder) throws IOException {
        Path file = folder.resolve("written");
        run("write", file.toString());
        return Sample.read(file);
    }

    /** What our classes find in {@code samples}, one by one. */
    static List<Sample> described(Path folder, List<Sample> samples) throws IOException {
        Path from = folder.resolve("official");
        Path to = folder.resolve("described");
        Sample.write(from, samples);
        run("describe", from.toString(), to.toString());
        return Sample.read(to);
    }

    private static void run(String... arguments) throws IOException {
        Path target = SourceTree.root().resolve("xds").resolve("target");
        String classPath = String.join(
                ":",
                target.resolve("test-classes").toString(),
                target.resolve("classes").toString(),
                Files.readString(target.resolve("runtime-classpath")).strip());
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-cp",
                classPath,
                "dev.sidestep.xds.WireMain"));
        command.addAll(List.of(arguments));
        try (ChildProcess child = ChildProcess.start("our side of the wire", command)) {
            int status = child.awaitExit(Duration.ofSeconds(60));
            if (status != 0) {
                throw new IOException(String.join("\n", child.output()));
            }
        }
    }
}
