package dev.sidestep.control.manifest;

import dev.sidestep.control.index.Spelling;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One value of a manifest and the path that leads to it. Reading it as something it is not throws with that path.
 *
 * @param value a map, a list, a scalar, or null where there is none
 */
public record Field(String path, @Nullable Object value) {
    public boolean isAbsent() {
        return value == null;
    }

    public Field get(String key) throws ManifestException {
        if (value == null) {
            return new Field(child(key), null);
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw unexpected("an object");
        }
        return new Field(child(key), map.get(key));
    }

    /** The elements; none where the list is absent. */
    public List<Field> items() throws ManifestException {
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw unexpected("a list");
        }
        var items = new ArrayList<Field>();
        for (Object item : list) {
            items.add(new Field(path + "[" + items.size() + "]", item));
        }
        return items;
    }

    public String string() throws ManifestException {
        if (value instanceof String string) {
            return string;
        }
        throw value == null ? ManifestException.at(path, "missing") : unexpected("a string");
    }

    public String string(String absent) throws ManifestException {
        return value == null ? absent : string();
    }

    public boolean bool(boolean absent) throws ManifestException {
        if (value == null) {
            return absent;
        }
        if (value instanceof Boolean bool) {
            return bool;
        }
        throw unexpected("true or false");
    }

    /** A whole number from {@code least} to {@code most}. */
    public int number(int least, int most) throws ManifestException {
        if (value == null) {
            throw ManifestException.at(path, "missing");
        }
        if (value instanceof Integer number && number >= least && number <= most) {
            return number;
        }
        if (value instanceof Integer || value instanceof Long || value instanceof BigInteger) {
            throw ManifestException.at(path, value + " (expected: " + least + " to " + most + ")");
        }
        throw unexpected("a whole number");
    }

    /** One of {@code allowed}, or {@code absent}. */
    public String oneOf(List<String> allowed, String absent) throws ManifestException {
        String word = string(absent);
        if (!word.equals(absent) && !allowed.contains(word)) {
            throw ManifestException.at(
                    path,
                    "\"" + word + "\" (expected: " + String.join(", ", allowed) + "; nearest: "
                            + Spelling.nearest(word, allowed) + ")");
        }
        return word;
    }

    /** The entries whose key starts with {@code prefix}, keys whole. */
    public Map<String, String> strings(String prefix) throws ManifestException {
        if (value == null) {
            return Map.of();
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw unexpected("an object");
        }
        var strings = new TreeMap<String, String>();
        for (Object key : map.keySet()) {
            if (key instanceof String name && name.startsWith(prefix)) {
                strings.put(name, get(name).string());
            }
        }
        return strings;
    }

    public Optional<Field> present() {
        return value == null ? Optional.empty() : Optional.of(this);
    }

    public ManifestException wrong(String expectation) {
        return ManifestException.at(path, "\"" + value + "\" (expected: " + expectation + ")");
    }

    private ManifestException unexpected(String expectation) {
        String found;
        if (value instanceof Map) {
            found = "an object";
        } else if (value instanceof List) {
            found = "a list";
        } else if (value instanceof String string) {
            found = "\"" + string + "\"";
        } else {
            found = String.valueOf(value);
        }
        return ManifestException.at(path, found + " (expected: " + expectation + ")");
    }

    private String child(String key) {
        // As kubectl's jsonpath quotes a key with dots in it.
        String step = key.indexOf('.') < 0 ? "." + key : "['" + key + "']";
        return path.isEmpty() && step.startsWith(".") ? key : path + step;
    }
}
