package dev.sidestep.sidecar;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads variables; a wrong value is reported with what was expected, and counts as none. */
record Environment(Map<String, String> variables) {
    private static final Logger LOG = LoggerFactory.getLogger(Environment.class);

    String text(String name, String otherwise) {
        String value = variables.getOrDefault(name, "");
        return value.isBlank() ? otherwise : value.trim();
    }

    Optional<Path> path(String name) {
        String value = text(name, "");
        return value.isEmpty() ? Optional.empty() : Optional.of(Path.of(value));
    }

    /** A list, by commas or white space. */
    List<String> words(String name) {
        return Arrays.stream(text(name, "").split("[,\\s]+"))
                .filter(word -> !word.isEmpty())
                .toList();
    }

    boolean flag(String name, boolean otherwise) {
        String value = text(name, Boolean.toString(otherwise)).toLowerCase(Locale.ROOT);
        if (value.equals("true") || value.equals("false")) {
            return value.equals("true");
        }
        wrong(name, value, "true or false", Boolean.toString(otherwise));
        return otherwise;
    }

    String hostPort(String name, String otherwise) {
        String value = text(name, otherwise);
        try {
            SidecarConfig.hostPort(value);
            return value;
        } catch (IllegalArgumentException e) {
            wrong(name, value, "host:port", otherwise);
            return otherwise;
        }
    }

    <E extends Enum<E>> E choice(String name, E otherwise) {
        String value = text(name, otherwise.name());
        E[] all = otherwise.getDeclaringClass().getEnumConstants();
        for (E each : all) {
            if (each.name().equalsIgnoreCase(value)) {
                return each;
            }
        }
        String expected = Arrays.stream(all)
                .map(each -> each.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        wrong(name, value, "one of " + expected, otherwise.name().toLowerCase(Locale.ROOT));
        return otherwise;
    }

    private static void wrong(String name, String value, String expected, String used) {
        LOG.warn("{}: \"{}\" (expected: {}); using {}", name, value, expected, used);
    }
}
