package dev.sidestep.agent.log;

import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the place of {@code java.util.logging.Logger} in the libraries that we bring; the build renames their references.
 * The real one would start the JVM's {@code LogManager} before {@code main}, and an application server that brings its
 * own would then be refused. Has what those libraries call; a test compares.
 */
public final class JavaLogger {
    private final Logger logger;

    private JavaLogger(Logger logger) {
        this.logger = logger;
    }

    public static JavaLogger getLogger(String name) {
        return new JavaLogger(LoggerFactory.getLogger(name));
    }

    public String getName() {
        return logger.getName();
    }

    public boolean isLoggable(Level level) {
        int value = level.intValue();
        if (value >= Level.SEVERE.intValue()) {
            return logger.isErrorEnabled();
        }
        if (value >= Level.WARNING.intValue()) {
            return logger.isWarnEnabled();
        }
        return value >= Level.INFO.intValue() ? logger.isInfoEnabled() : logger.isDebugEnabled();
    }

    public void severe(String message) {
        log(Level.SEVERE, message);
    }

    public void warning(String message) {
        log(Level.WARNING, message);
    }

    public void info(String message) {
        log(Level.INFO, message);
    }

    public void config(String message) {
        log(Level.CONFIG, message);
    }

    public void fine(String message) {
        log(Level.FINE, message);
    }

    public void finer(String message) {
        log(Level.FINER, message);
    }

    public void finest(String message) {
        log(Level.FINEST, message);
    }

    public void log(Level level, String message) {
        log(level, message, (Throwable) null);
    }

    public void log(Level level, Supplier<String> message) {
        if (isLoggable(level)) {
            log(level, message.get());
        }
    }

    public void log(Level level, String message, @Nullable Object parameter) {
        log(level, message, new Object[] {parameter});
    }

    public void log(Level level, String message, @Nullable Object @Nullable [] parameters) {
        if (isLoggable(level)) {
            log(level, formatted(message, parameters), (Throwable) null);
        }
    }

    public void log(LogRecord entry) {
        if (isLoggable(entry.getLevel())) {
            log(entry.getLevel(), formatted(entry.getMessage(), entry.getParameters()), entry.getThrown());
        }
    }

    public void logp(
            Level level, @Nullable String type, @Nullable String method, String message, @Nullable Throwable failure) {
        log(level, message, failure);
    }

    public void log(Level level, String message, @Nullable Throwable failure) {
        if (!isLoggable(level)) {
            return;
        }
        int value = level.intValue();
        if (value >= Level.SEVERE.intValue()) {
            logger.error(message, failure);
        } else if (value >= Level.WARNING.intValue()) {
            logger.warn(message, failure);
        } else if (value >= Level.INFO.intValue()) {
            logger.info(message, failure);
        } else {
            logger.debug(message, failure);
        }
    }

    /** {@code {0}} becomes the first parameter; not by {@code MessageFormat}, whose quoting the messages do not expect. */
    private static String formatted(@Nullable String message, @Nullable Object @Nullable [] parameters) {
        String text = String.valueOf(message);
        for (int i = 0; parameters != null && i < parameters.length; i++) {
            text = text.replace("{" + i + "}", String.valueOf(parameters[i]));
        }
        return text;
    }
}
