package dev.sidestep.interop.conformance;

import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.UInt32Value;
import io.envoyproxy.pgv.validate.Validate;
import io.envoyproxy.pgv.validate.Validate.FieldRules;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The validation rules that Envoy's protos carry, as far as our messages meet them: a rule of a kind that is not known
 * here is a violation too. Fields that the official classes do not know are looked for on the way.
 */
final class Rules {
    private final List<String> violations = new ArrayList<>();

    private Rules() {}

    /** What is wrong with {@code message} and all within it. */
    static List<String> violations(Message message) throws InvalidProtocolBufferException {
        var rules = new Rules();
        rules.check(message.getDescriptorForType().getName(), message);
        return rules.violations;
    }

    private void check(String path, Message message) throws InvalidProtocolBufferException {
        if (!message.getUnknownFields().asMap().isEmpty()) {
            violations.add(path + ": unknown fields "
                    + new TreeSet<>(message.getUnknownFields().asMap().keySet()));
        }
        for (OneofDescriptor oneof : message.getDescriptorForType().getRealOneofs()) {
            if (oneof.getOptions().getExtension(Validate.required) && !message.hasOneof(oneof)) {
                violations.add(path + "." + oneof.getName() + ": nothing set");
            }
        }
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            checkField(path + "." + field.getName(), message, field);
        }
        if (message instanceof Any any && !any.getTypeUrl().isEmpty()) {
            var inner = Official.unpack(any);
            if (inner.isPresent()) {
                check(path + "<" + inner.get().getDescriptorForType().getName() + ">", inner.get());
            }
        }
    }

    private void checkField(String path, Message message, FieldDescriptor field) throws InvalidProtocolBufferException {
        FieldRules rules = field.getOptions().getExtension(Validate.rules);
        boolean present = field.isRepeated() || !field.hasPresence() || message.hasField(field);
        boolean otherCase = field.getRealContainingOneof() != null && !message.hasField(field);
        if (rules.getMessage().getRequired() && !otherCase && !message.hasField(field)) {
            violations.add(path + ": missing");
        }
        if (!present) {
            return;
        }
        Object value = message.getField(field);
        if (!rules.getMessage().getSkip()) {
            checkRules(path, rules, field, value);
        }
        Collection<?> values = value instanceof Collection<?> many ? many : List.of(value);
        for (Object one : values) {
            if (one instanceof Message inner && (field.isRepeated() || message.hasField(field))) {
                check(path, inner);
            }
        }
    }

    private void checkRules(String path, FieldRules rules, FieldDescriptor field, Object value) {
        for (Map.Entry<FieldDescriptor, Object> kind : rules.getAllFields().entrySet()) {
            if (kind.getKey().getName().equals("message")) {
                continue;
            }
            for (Map.Entry<FieldDescriptor, Object> rule :
                    ((Message) kind.getValue()).getAllFields().entrySet()) {
                if (rule.getKey().getName().equals("items")) {
                    for (Object item : (Collection<?>) value) {
                        checkRules(path + "[]", (FieldRules) rule.getValue(), field, item);
                    }
                } else if (!holds(rule.getKey().getName(), rule.getValue(), value)) {
                    violations.add(path + ": " + kind.getKey().getName() + "."
                            + rule.getKey().getName() + " " + rule.getValue() + ", found " + value);
                }
            }
        }
    }

    private static boolean holds(String rule, Object bound, Object value) {
        return switch (rule) {
            case "min_len" -> codePoints(value) >= number(bound);
            case "max_len" -> codePoints(value) <= number(bound);
            case "min_bytes" -> value.toString().getBytes(StandardCharsets.UTF_8).length >= number(bound);
            case "max_bytes" -> value.toString().getBytes(StandardCharsets.UTF_8).length <= number(bound);
            case "min_items" -> ((Collection<?>) value).size() >= number(bound);
            case "max_items" -> ((Collection<?>) value).size() <= number(bound);
            case "gte" -> number(value) >= number(bound);
            case "gt" -> number(value) > number(bound);
            case "lte" -> number(value) <= number(bound);
            case "lt" -> number(value) < number(bound);
            case "defined_only" -> !value.toString().startsWith("UNKNOWN_ENUM_VALUE");
            case "not_in" -> !((Collection<?>) bound).contains(ordinal(value));
            case "in" -> ((Collection<?>) bound).contains(ordinal(value));
            case "ignore_empty" -> true;
            // Headers and the like: all but NUL, CR and LF.
            case "well_known_regex" -> value.toString().chars().noneMatch(c -> c == 0 || c == '\r' || c == '\n');
            case "strict" -> true;
            case "unique" ->
                new TreeSet<>(((Collection<?>) value)
                                        .stream().map(Object::toString).toList())
                                .size()
                        == ((Collection<?>) value).size();
            default -> false;
        };
    }

    private static Object ordinal(Object value) {
        return value instanceof com.google.protobuf.Descriptors.EnumValueDescriptor it ? it.getNumber() : value;
    }

    private static int codePoints(Object value) {
        String text = value.toString();
        return text.codePointCount(0, text.length());
    }

    private static double number(Object value) {
        if (value instanceof UInt32Value wrapped) {
            return Integer.toUnsignedLong(wrapped.getValue());
        }
        if (value instanceof Duration duration) {
            return duration.getSeconds() + duration.getNanos() / 1e9;
        }
        return ((Number) value).doubleValue();
    }
}
