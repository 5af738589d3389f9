package dev.sidestep.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads manifests and fills in which images they use.
 *
 * @param root the source tree
 * @param images "tool" and so on to the name that pods pull
 */
public record Manifests(Path root, Map<String, String> images) {
    private static final Pattern PLACE = Pattern.compile("\\$\\{([a-z0-9.-]+)}");
    /** What the tutorial's manifests run, and what stands in for it. */
    private static final Map<String, String> STAND_INS = Map.of("nginx:1.25", "tool", "busybox", "tool");

    public Manifests {
        images = Map.copyOf(images);
    }

    /** Of k8s/tutorial: unchanged but for {@code image:}. */
    public String tutorial(String file) throws IOException {
        String text = Files.readString(root.resolve("k8s/tutorial").resolve(file));
        for (Map.Entry<String, String> each : STAND_INS.entrySet()) {
            text = text.replaceAll(
                    "(?m)(image: )" + Pattern.quote(each.getKey()) + "$",
                    "$1" + Matcher.quoteReplacement(image(each.getValue())));
        }
        return text;
    }

    /** Of k8s/e2e/manifests: {@code ${image.tool}} and the like become image names, other places the given values. */
    public String read(String file, Map<String, String> values) throws IOException {
        return fill(Files.readString(root.resolve("k8s/e2e/manifests").resolve(file)), values);
    }

    /** The same for a text. A place without a value is an error. */
    public String fill(String text, Map<String, String> values) {
        Map<String, String> all = new HashMap<>(values);
        images.forEach((name, image) -> all.put("image." + name, image));
        return PLACE.matcher(text).replaceAll(match -> {
            String value = all.get(match.group(1));
            if (value == null) {
                throw new ClusterException("${" + match.group(1) + "} has no value");
            }
            return Matcher.quoteReplacement(value);
        });
    }

    public String image(String name) {
        String image = images.get(name);
        if (image == null) {
            throw new ClusterException("no image \"" + name + "\" (expected: one of " + images.keySet() + ")");
        }
        return image;
    }
}
