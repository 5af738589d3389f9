package dev.sidestep.xds;

import com.google.protobuf.MessageLite;
import com.google.protobuf.UnknownFieldSetLite;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds what a lite message has kept without understanding it; javalite itself does not tell. */
final class UnknownFields {
    private UnknownFields() {}

    /** The path of the first such field, or "". */
    static String in(MessageLite message) {
        return in(message.getClass().getSimpleName(), message);
    }

    private static String in(String path, @Nullable Object value) {
        if (value instanceof Collection<?> many) {
            return first(path, many);
        }
        if (value instanceof Map<?, ?> many) {
            return first(path, many.values());
        }
        if (value instanceof UnknownFieldSetLite unknown) {
            return unknown.getSerializedSize() == 0 ? "" : path;
        }
        if (!(value instanceof MessageLite)) {
            return "";
        }
        for (Class<?> type = value.getClass(); type != null && type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    String found = in(path + "." + field.getName(), read(field, value));
                    if (!found.isEmpty()) {
                        return found;
                    }
                }
            }
        }
        return "";
    }

    private static String first(String path, Collection<?> many) {
        return many.stream()
                .map(it -> in(path, it))
                .filter(it -> !it.isEmpty())
                .findFirst()
                .orElse("");
    }

    private static @Nullable Object read(Field field, Object from) {
        try {
            field.setAccessible(true);
            return field.get(from);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }
}
