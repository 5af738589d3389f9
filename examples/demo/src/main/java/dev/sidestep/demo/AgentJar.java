package dev.sidestep.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Where the build leaves the Java agent. */
public final class AgentJar {
    private AgentJar() {}

    /** The agent's jar in a source tree with everything built. */
    public static Path in(Path home) throws DemoException {
        Path folder = home.resolve("java-agent/target");
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(each ->
                            each.getFileName().toString().matches("sidestep-agent(-[0-9.]+(-SNAPSHOT)?)?[.]jar"))
                    .findFirst()
                    .orElseThrow(() ->
                            new DemoException("no sidestep-agent.jar in " + folder + "; run mvn -Dquick package"));
        } catch (IOException e) {
            throw new DemoException("no sidestep-agent.jar in " + folder + "; run mvn -Dquick package");
        }
    }
}
