package dev.sidestep.control.injector;

import java.math.BigDecimal;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** Kubernetes quantities: {@code 100m}, {@code 1.5}, {@code 64Mi}, {@code 2e3}. */
final class Quantities {
    private static final Pattern TEXT =
            Pattern.compile("([+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+))(?:([eE][+-]?[0-9]{1,2})|([numkMGTPE]|[KMGTPE]i)?)");

    private static final Map<String, Integer> DECIMAL =
            Map.of("n", -9, "u", -6, "m", -3, "k", 3, "M", 6, "G", 9, "T", 12, "P", 15, "E", 18);
    private static final String BINARY = "KMGTPE";

    private Quantities() {}

    /** Whether {@code text} is one, and can be asked for: not negative. */
    static boolean isQuantity(String text) {
        return TEXT.matcher(text).matches() && amount(text).signum() >= 0;
    }

    /** Of what Kubernetes has checked; anything else counts as nothing. */
    static BigDecimal amount(JsonNode quantity) {
        String text = quantity.asString("");
        return TEXT.matcher(text).matches() ? amount(text) : BigDecimal.ZERO;
    }

    /** @throws IllegalArgumentException if {@code text} is none */
    static BigDecimal amount(String text) {
        Matcher match = TEXT.matcher(text);
        if (!match.matches()) {
            throw new IllegalArgumentException("quantity: \"" + text + "\" (expected: such as 100m or 64Mi)");
        }
        var number = new BigDecimal(match.group(1));
        String exponent = match.group(2);
        String suffix = match.group(3);
        if (exponent != null) {
            return number.scaleByPowerOfTen(Integer.parseInt(exponent.substring(1)));
        }
        if (suffix == null) {
            return number;
        }
        return suffix.endsWith("i")
                ? number.multiply(BigDecimal.valueOf(2).pow(10 * (BINARY.indexOf(suffix.charAt(0)) + 1)))
                : number.scaleByPowerOfTen(DECIMAL.getOrDefault(suffix, 0));
    }
}
