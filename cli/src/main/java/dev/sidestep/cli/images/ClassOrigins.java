package dev.sidestep.cli.images;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Reads what a JVM prints, passes it on, and counts what {@code -Xlog:class+load} says there: where its classes came from.
 * For one thread.
 */
final class ClassOrigins {
    /** So that the JVM says it, without decorations. */
    static final String FLAG = "-Xlog:class+load:stdout:none";

    private static final String SOURCE = " source: ";
    private static final String ARCHIVE = "shared objects file";

    private int classes;
    private int archived;

    /** Until the end of {@code said}. */
    void read(InputStream said, PrintStream others) throws IOException {
        var reader = new BufferedReader(new InputStreamReader(said, StandardCharsets.UTF_8));
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            int source = line.indexOf(SOURCE);
            if (source < 0 || line.indexOf(' ') != source) {
                others.println(line);
                continue;
            }
            classes++;
            if (line.startsWith(ARCHIVE, source + SOURCE.length())) {
                archived++;
            }
        }
    }

    /** All that were loaded. */
    int classes() {
        return classes;
    }

    /** Those of them that came from an archive. */
    int archived() {
        return archived;
    }
}
