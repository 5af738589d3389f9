package dev.sidestep.agent.log;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.Logger;
import org.slf4j.event.Level;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.helpers.NOPMDCAdapter;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * Gives SLF4J, in our loader, its {@link StderrLogger}s. At the default level {@code info} warnings of libraries show and
 * their infos do not: the agent says one line at start, the rest only when asked.
 */
public final class StderrLogging implements SLF4JServiceProvider, ILoggerFactory {
    private final Map<String, Logger> loggers = new ConcurrentHashMap<>();
    private final IMarkerFactory markers = new BasicMarkerFactory();
    private final MDCAdapter mdc = new NOPMDCAdapter();
    private volatile int threshold = Level.WARN.toInt();

    @Override
    public void initialize() {
        // SLF4J makes this object; there is no constructor to hand the level to.
        String level = System.getProperty("sidestep.log.level", System.getenv().getOrDefault("SIDESTEP_LOG_LEVEL", ""));
        threshold = switch (level.toLowerCase(Locale.ROOT)) {
            case "trace", "debug" -> Level.DEBUG.toInt();
            case "error", "off" -> Level.ERROR.toInt();
            default -> Level.WARN.toInt();
        };
    }

    @Override
    public Logger getLogger(String name) {
        return loggers.computeIfAbsent(name, unknown -> new StderrLogger(unknown, threshold));
    }

    @Override
    public ILoggerFactory getLoggerFactory() {
        return this;
    }

    @Override
    public IMarkerFactory getMarkerFactory() {
        return markers;
    }

    @Override
    public MDCAdapter getMDCAdapter() {
        return mdc;
    }

    @Override
    public String getRequestedApiVersion() {
        return "2.0.99";
    }
}
