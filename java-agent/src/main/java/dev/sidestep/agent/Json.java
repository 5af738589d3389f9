package dev.sidestep.agent;

import dev.sidestep.model.ClusterName;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Writes the engine's records as JSON, member by member, by reflection: it is for people and costs nothing until asked. */
final class Json {
    private final StringBuilder text = new StringBuilder();

    private Json() {}

    static String of(Object value) {
        Json json = new Json();
        json.write(value);
        return json.text.toString();
    }

    private void write(@Nullable Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean) {
            text.append(value);
        } else if (value instanceof Optional<?> optional) {
            write(optional.orElse(null));
        } else if (value instanceof Duration duration) {
            text.append(duration.toMillis() / 1000.0);
        } else if (value instanceof Map<?, ?> map) {
            writeMap(map);
        } else if (value instanceof Iterable<?> values) {
            writeAll(values);
        } else if (value instanceof Record entry && !(value instanceof ClusterName)) {
            writeRecord(entry);
        } else {
            writeString(value.toString());
        }
    }

    private void writeMap(Map<?, ?> map) {
        text.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            text.append(separator);
            writeString(String.valueOf(entry.getKey()));
            text.append(':');
            write(entry.getValue());
            separator = ",";
        }
        text.append('}');
    }

    private void writeAll(Iterable<?> values) {
        text.append('[');
        for (Iterator<?> each = values.iterator(); each.hasNext(); ) {
            write(each.next());
            text.append(each.hasNext() ? "," : "");
        }
        text.append(']');
    }

    private void writeRecord(Record value) {
        text.append('{');
        String separator = "";
        for (RecordComponent component : value.getClass().getRecordComponents()) {
            text.append(separator);
            writeString(component.getName());
            text.append(':');
            try {
                write(component.getAccessor().invoke(value));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("a record of ours that is not public: " + value.getClass(), e);
            }
            separator = ",";
        }
        text.append('}');
    }

    private void writeString(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < ' ') {
                text.append(String.format("\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }
}
