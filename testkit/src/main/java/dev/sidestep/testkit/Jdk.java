package dev.sidestep.testkit;

import java.nio.file.Path;

/** A Java runtime on this machine: its feature version (17, 21 …) and its home folder. */
public record Jdk(int feature, Path home) {
    /** The launcher. */
    public Path java() {
        return home.resolve("bin").resolve("java");
    }
}
