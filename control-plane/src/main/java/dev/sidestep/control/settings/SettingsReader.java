package dev.sidestep.control.settings;

import dev.sidestep.control.index.Durations;
import dev.sidestep.control.index.IpAddresses;
import dev.sidestep.control.index.Spelling;
import dev.sidestep.control.manifest.Field;
import dev.sidestep.control.manifest.ManifestException;
import dev.sidestep.control.settings.Settings.Drain;
import dev.sidestep.control.settings.Settings.Image;
import dev.sidestep.control.settings.Settings.Injection;
import dev.sidestep.control.settings.Settings.Sidecar;
import dev.sidestep.control.settings.Settings.Tls;
import dev.sidestep.model.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** From YAML to {@link Settings}. A key that we do not know is an error: it would be a wish that nobody hears. */
final class SettingsReader {
    /** As the API server reads them, without the exponents that nobody writes. */
    private static final Pattern QUANTITY = Pattern.compile("[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?");

    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
    private static final Pattern DOMAIN = Pattern.compile("[a-z0-9]([-a-z0-9.]*[a-z0-9])?");

    private SettingsReader() {}

    static Settings read(String yaml) throws ManifestException {
        Field root = new Field("", load(yaml));
        Settings by = Settings.DEFAULT;
        only(
                root,
                "mode",
                "clusterDomain",
                "serviceRanges",
                "socketLoadBalancing",
                "injection",
                "image",
                "drain",
                "sidecar",
                "tls");
        return new Settings(
                Mode.valueOf(root.get("mode")
                        .oneOf(List.of("balance", "observe", "off"), text(by.mode()))
                        .toUpperCase(Locale.ROOT)),
                matching(root.get("clusterDomain"), DOMAIN, by.clusterDomain(), "a domain without dots at its ends"),
                ranges(root.get("serviceRanges")),
                root.get("socketLoadBalancing").bool(by.socketLoadBalancing()),
                injection(root.get("injection"), by.injection()),
                image(root.get("image"), by.image()),
                drain(root.get("drain"), by.drain()),
                sidecar(root.get("sidecar"), by.sidecar()),
                tls(root.get("tls"), by.tls()));
    }

    private static Object load(String yaml) throws ManifestException {
        try {
            Object loaded =
                    new Load(LoadSettings.builder().setAllowDuplicateKeys(false).build()).loadFromString(yaml);
            return loaded == null ? Map.of() : loaded;
        } catch (YamlEngineException e) {
            throw new ManifestException(String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " "));
        }
    }

    private static Injection injection(Field field, Injection by) throws ManifestException {
        only(field, "defaultMode", "psaMode", "podSecurity");
        return new Injection(
                field.get("defaultMode").oneOf(List.of("agent", "sidecar", "grpc"), by.defaultMode()),
                field.get("psaMode").oneOf(List.of("agent", "proxy", "none"), by.psaMode()),
                field.get("podSecurity").oneOf(List.of("privileged", "baseline", "restricted"), by.podSecurity()));
    }

    private static Image image(Field field, Image by) throws ManifestException {
        only(field, "registry", "tag", "pullPolicy");
        Field registry = field.get("registry");
        if (registry.string(by.registry()).endsWith("/")) {
            throw registry.wrong("no slash at the end");
        }
        return new Image(
                registry.string(by.registry()),
                matching(field.get("tag"), TAG, by.tag(), "an image tag, quoted if it looks like a number"),
                field.get("pullPolicy").oneOf(List.of("Always", "IfNotPresent", "Never"), by.pullPolicy()));
    }

    private static Drain drain(Field field, Drain by) throws ManifestException {
        only(field, "cap");
        return new Drain(duration(field.get("cap"), by.cap()));
    }

    private static Sidecar sidecar(Field field, Sidecar by) throws ManifestException {
        only(field, "cpuRequest", "memoryRequest", "cpuLimit", "memoryLimit", "logLevel");
        return new Sidecar(
                quantity(field.get("cpuRequest"), by.cpuRequest()),
                quantity(field.get("memoryRequest"), by.memoryRequest()),
                quantity(field.get("cpuLimit"), by.cpuLimit()),
                quantity(field.get("memoryLimit"), by.memoryLimit()),
                field.get("logLevel").oneOf(List.of("trace", "debug", "info", "warn", "error"), by.logLevel()));
    }

    private static Tls tls(Field field, Tls by) throws ManifestException {
        only(field, "caSecret", "caLifetime", "existingSecret", "certManagerSecret");
        return new Tls(
                field.get("caSecret").string(by.caSecret()),
                duration(field.get("caLifetime"), by.caLifetime()),
                field.get("existingSecret").string(by.existingSecret()),
                field.get("certManagerSecret").string(by.certManagerSecret()));
    }

    private static List<String> ranges(Field field) throws ManifestException {
        var ranges = new ArrayList<String>();
        for (Field item : field.items()) {
            String range = item.string();
            int slash = range.indexOf('/');
            if (slash < 0
                    || IpAddresses.canonical(range.substring(0, slash)).isEmpty()
                    || !range.substring(slash + 1).matches("[0-9]{1,3}")
                    || Integer.parseInt(range.substring(slash + 1)) > (range.indexOf(':') < 0 ? 32 : 128)) {
                throw item.wrong("a CIDR block such as 10.96.0.0/12");
            }
            ranges.add(range);
        }
        return ranges;
    }

    private static Duration duration(Field field, Duration absent) throws ManifestException {
        if (field.isAbsent()) {
            return absent;
        }
        return Durations.read(field.string())
                .filter(read -> !read.isZero())
                .orElseThrow(() -> field.wrong("a duration such as 10s or 1h30m, more than nothing"));
    }

    /** YAML reads {@code cpuLimit: 1} as a number, which Kubernetes takes for a quantity as well. */
    private static String quantity(Field field, String absent) throws ManifestException {
        String text = field.value() instanceof Number number ? number.toString() : field.string(absent);
        if (!text.isEmpty() && !QUANTITY.matcher(text).matches()) {
            throw field.wrong("a quantity such as 100m or 64Mi, or \"\" for none");
        }
        return text;
    }

    private static String matching(Field field, Pattern pattern, String absent, String expectation)
            throws ManifestException {
        if (field.isAbsent()) {
            return absent;
        }
        if (!(field.value() instanceof String text) || !pattern.matcher(text).matches()) {
            throw field.wrong(expectation);
        }
        return text;
    }

    private static void only(Field field, String... known) throws ManifestException {
        if (field.isAbsent()) {
            return;
        }
        field.get(known[0]); // Throws unless it is an object.
        var unknown = new TreeSet<String>();
        if (field.value() instanceof Map<?, ?> map) {
            map.keySet().forEach(key -> unknown.add(String.valueOf(key)));
        }
        List.of(known).forEach(unknown::remove);
        if (!unknown.isEmpty()) {
            String first = unknown.first();
            throw new ManifestException((field.path().isEmpty() ? "" : field.path() + ".") + first
                    + ": unknown key (nearest: " + Spelling.nearest(first, List.of(known)) + ")");
        }
    }

    private static String text(Mode mode) {
        return mode.name().toLowerCase(Locale.ROOT);
    }
}
