package dev.sidestep.agent.log;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import org.slf4j.event.Level;

/**
 * The agent's messages, one line each. Written to the file descriptor, not to {@code System.err}: an application that
 * replaces that one by its logging must not be called back from inside a class load.
 */
public final class Log {
    private static final PrintStream STDERR = new PrintStream(new FileOutputStream(FileDescriptor.err), true);

    private Log() {}

    /** What the operator is to know, whatever the level. */
    public static void line(String message) {
        STDERR.println("sidestep-agent: " + message);
    }

    static void line(Level level, String logger, String message) {
        STDERR.println("sidestep-agent: " + level + " " + logger + ": " + message);
    }

    static void stackTrace(Throwable failure) {
        failure.printStackTrace(STDERR);
    }
}
