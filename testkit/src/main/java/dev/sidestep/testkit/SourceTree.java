package dev.sidestep.testkit;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the checked-out sources lie. */
public final class SourceTree {
    private SourceTree() {}

    /** The top folder: the system property {@code sidestep.root}, else the nearest parent that has {@code .mvn}. */
    public static Path root() {
        String named = System.getProperty("sidestep.root");
        if (named != null) {
            return Path.of(named);
        }
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.isDirectory(folder.resolve(".mvn"))) {
                return folder;
            }
        }
        throw new IllegalStateException(
                "not inside the source tree: " + Path.of("").toAbsolutePath());
    }
}
