package dev.sidestep.demo;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How the demo is run.
 *
 * @param home the source tree with everything built
 * @param version what the title shows
 * @param verify whether a promise not kept makes the exit code 1
 * @param json where to write what was measured
 * @param svg where to write the picture; without it, into the run's folder
 * @param keep whether to leave everything up at the end, until interrupted
 * @param nio whether every process uses the JDK's selectors instead of epoll
 * @param ansi whether the output is a terminal that can be drawn on
 */
public record DemoOptions(
        Path home,
        String version,
        boolean verify,
        Optional<Path> json,
        Optional<Path> svg,
        boolean keep,
        boolean nio,
        boolean ansi) {}
