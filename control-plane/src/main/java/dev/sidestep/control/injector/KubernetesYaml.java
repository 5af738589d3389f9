package dev.sidestep.control.injector;

import dev.sidestep.control.manifest.ManifestException;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.ConstructNode;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.constructor.ConstructScalar;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.resolver.ScalarResolver;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/**
 * YAML as kubectl reads it, which is version 1.1: {@code defaultMode: 0644} is octal, {@code yes} is true. What is written
 * is quoted wherever kubectl would take it for something else.
 */
final class KubernetesYaml {
    private static final int MAX_BYTES = 64 << 20;

    private final Load load = new Load(LoadSettings.builder()
            .setSchema(new Version11())
            .setAllowDuplicateKeys(false)
            .setCodePointLimit(MAX_BYTES)
            .build());
    private final Dump dump = new Dump(DumpSettings.builder()
            .setSchema(new Version11())
            .setDefaultFlowStyle(FlowStyle.BLOCK)
            .setWidth(1 << 20)
            .build());

    /**
     * One document; null if there is nothing in it.
     *
     * @param line where it begins in its file, from 1
     */
    @Nullable
    Object load(String document, int line) throws ManifestException {
        try {
            return load.loadFromString(document);
        } catch (MarkedYamlEngineException e) {
            int at = e.getProblemMark().map(mark -> line + mark.getLine()).orElse(line);
            throw new ManifestException("line " + at + ": " + oneLine(String.valueOf(e.getProblem())));
        } catch (YamlEngineException e) {
            throw new ManifestException(oneLine(String.valueOf(e.getMessage())));
        }
    }

    String dump(Object document) {
        return dump.dumpToString(document);
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    /** What plain scalars mean. */
    private static final class Version11 extends CoreSchema {
        @Override
        public ScalarResolver getScalarResolver() {
            return new Resolver();
        }

        @Override
        public Map<Tag, ConstructNode> getSchemaTagConstructors() {
            Map<Tag, ConstructNode> constructors = new HashMap<>(super.getSchemaTagConstructors());
            constructors.put(Tag.BOOL, new Bool());
            constructors.put(Tag.INT, new Int());
            return constructors;
        }
    }

    /** The patterns of the YAML library that kubectl uses. */
    private static final class Resolver implements ScalarResolver {
        private static final Pattern BOOL =
                Pattern.compile("[yYnN]|[yY]es|YES|[nN]o|NO|[tT]rue|TRUE|[fF]alse|FALSE|[oO]n|ON|[oO]ff|OFF");
        private static final Pattern INT =
                Pattern.compile("[-+]?(?:0|[1-9][0-9_]*|0[0-7_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+)");
        private static final Pattern FLOAT = Pattern.compile(
                "[-+]?(?:[0-9]*\\.?[0-9]+(?:[eE][-+][0-9]+)?|[0-9]+\\.|\\.(?:inf|Inf|INF))|\\.(?:nan|NaN|NAN)");
        private static final Pattern NULL = Pattern.compile("|~|null|Null|NULL");

        @Override
        public Tag resolve(String value, Boolean implicit) {
            if (!implicit) {
                return Tag.STR;
            }
            if (value.equals("<<")) {
                return Tag.MERGE;
            }
            if (NULL.matcher(value).matches()) {
                return Tag.NULL;
            }
            if (BOOL.matcher(value).matches()) {
                return Tag.BOOL;
            }
            if (INT.matcher(value).matches()) {
                return Tag.INT;
            }
            return FLOAT.matcher(value).matches() ? Tag.FLOAT : Tag.STR;
        }
    }

    private static final class Bool extends ConstructScalar {
        private static final Set<String> TRUE = Set.of("y", "yes", "true", "on");

        @Override
        public Object construct(@Nullable Node node) {
            return TRUE.contains(constructScalar(node).toLowerCase(Locale.ROOT));
        }
    }

    private static final class Int extends ConstructScalar {
        @Override
        public Object construct(@Nullable Node node) {
            String text = constructScalar(node).replace("_", "");
            boolean negative = text.startsWith("-");
            String digits = text.replaceFirst("[-+]", "");
            BigInteger value = Optional.of(digits)
                    .filter(all -> all.length() > 1 && all.charAt(0) == '0')
                    .map(Int::withRadix)
                    .orElseGet(() -> new BigInteger(digits));
            return narrowed(negative ? value.negate() : value);
        }

        /** As a JSON parser would have it, so that the same number from elsewhere is equal. */
        private static Number narrowed(BigInteger value) {
            if (value.bitLength() < Integer.SIZE) {
                return value.intValue();
            }
            return value.bitLength() < Long.SIZE ? (Number) value.longValue() : value;
        }

        private static BigInteger withRadix(String digits) {
            return switch (digits.charAt(1)) {
                case 'x' -> new BigInteger(digits.substring(2), 16);
                case 'b' -> new BigInteger(digits.substring(2), 2);
                case 'o' -> new BigInteger(digits.substring(2), 8);
                default -> new BigInteger(digits, 8);
            };
        }
    }
}
