package dev.sidestep.control.injector;

import dev.sidestep.control.index.IpAddresses;
import dev.sidestep.control.index.Item;
import dev.sidestep.control.index.Spelling;
import dev.sidestep.control.settings.Settings;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a pod's annotations say, each with its default where it is absent or wrong.
 *
 * @param version of our images
 * @param containers the app's containers that are meant
 * @param intercept {@code services}, {@code all} or {@code none}
 * @param excludedRanges CIDR blocks, by comma
 * @param complaints what was wrong, one line each
 */
record PodOptions(
        String version,
        List<Container> containers,
        String intercept,
        String includedPorts,
        String excludedPorts,
        String excludedRanges,
        Settings.Sidecar sidecar,
        List<String> complaints) {

    static final String LOG_LEVEL = Item.PREFIX + "log-level";

    private static final String CONTAINERS = Item.PREFIX + "containers";

    /** What only a pod says, besides what is read here; for the spelling of the others. */
    private static final List<String> KNOWN = List.of(
            "containers",
            "intercept",
            "include-outbound-ports",
            "exclude-outbound-ports",
            "exclude-outbound-ip-ranges",
            "sidecar-cpu-request",
            "sidecar-cpu-limit",
            "sidecar-memory-request",
            "sidecar-memory-limit",
            "log-level",
            "version",
            "mode",
            "status",
            "drain-id",
            "ca",
            "injected");

    static PodOptions read(PodDraft pod, NamespaceFacts namespace, Settings settings) {
        return new Reading(pod, namespace, settings).read();
    }

    /** Reads each annotation once. */
    private static final class Reading {
        private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
        private static final Pattern PORTS = Pattern.compile("[0-9]{1,5}(-[0-9]{1,5})?");

        private final PodDraft pod;
        private final NamespaceFacts namespace;
        private final Settings settings;
        private final List<String> complaints = new ArrayList<>();

        Reading(PodDraft pod, NamespaceFacts namespace, Settings settings) {
            this.pod = pod;
            this.namespace = namespace;
            this.settings = settings;
        }

        PodOptions read() {
            unknown();
            return new PodOptions(
                    version(),
                    containers(),
                    oneOf("intercept", List.of("services", "all", "none"), "services"),
                    list("include-outbound-ports", Reading::isPorts, "ports such as 8080,9000-9100"),
                    list("exclude-outbound-ports", Reading::isPorts, "ports such as 8080,9000-9100"),
                    list("exclude-outbound-ip-ranges", Reading::isRange, "CIDR blocks such as 10.0.0.0/8"),
                    sidecar(),
                    complaints);
        }

        private void unknown() {
            for (String key : pod.annotations()) {
                String name = key.startsWith(Item.PREFIX) ? key.substring(Item.PREFIX.length()) : "";
                if (name.equals("inject")) {
                    complaints.add(key + ": is a label, not an annotation; ignored");
                } else if (!name.isEmpty() && !KNOWN.contains(name)) {
                    complaints.add(key + ": not known on a pod (nearest: " + Item.PREFIX + Spelling.nearest(name, KNOWN)
                            + "); ignored");
                }
            }
        }

        private String version() {
            String key = "version";
            Optional<String> own = pod.annotation(Item.PREFIX + key);
            Optional<String> said = own.isPresent()
                    ? own
                    : Optional.ofNullable(namespace.annotations().get(Item.PREFIX + key));
            return said.filter(text -> holds(key, text, TAG.matcher(text).matches(), "an image tag"))
                    .orElse(settings.image().tag());
        }

        private List<Container> containers() {
            List<Container> all = pod.containers();
            Optional<String> said = pod.annotation(CONTAINERS);
            if (said.isEmpty()) {
                return all;
            }
            Set<String> named = Stream.of(said.get().split(",", -1))
                    .map(String::strip)
                    .filter(name -> !name.isEmpty())
                    .collect(Collectors.toCollection(LinkedHashSet::new));
            List<String> there = all.stream().map(Container::name).toList();
            for (String name : named) {
                if (!there.contains(name) && !there.isEmpty()) {
                    complaints.add(CONTAINERS + ": \"" + name + "\" (expected: containers of the pod, "
                            + String.join(", ", there) + "; nearest: " + Spelling.nearest(name, there) + "); ignored");
                }
            }
            return all.stream()
                    .filter(container -> named.contains(container.name()))
                    .toList();
        }

        private Settings.Sidecar sidecar() {
            Settings.Sidecar by = settings.sidecar();
            Range cpu = range("cpu", by.cpuRequest(), by.cpuLimit());
            Range memory = range("memory", by.memoryRequest(), by.memoryLimit());
            return new Settings.Sidecar(
                    cpu.request(),
                    memory.request(),
                    cpu.limit(),
                    memory.limit(),
                    oneOf("log-level", List.of("trace", "debug", "info", "warn", "error"), by.logLevel()));
        }

        /** The API server refuses a request above its limit: what the pod says moves the other, which it does not say. */
        private Range range(String resource, String request, String limit) {
            Optional<String> ownRequest = quantity("sidecar-" + resource + "-request");
            Optional<String> ownLimit = quantity("sidecar-" + resource + "-limit");
            var range = new Range(ownRequest.orElse(request), ownLimit.orElse(limit));
            if (!range.isUpsideDown()) {
                return range;
            }
            if (ownRequest.isPresent() && ownLimit.isPresent()) {
                complaints.add(Item.PREFIX + "sidecar-" + resource + "-request: \"" + range.request()
                        + "\" (expected: at most the limit, " + range.limit() + "); the defaults of both hold");
                return new Range(request, limit);
            }
            return ownLimit.isPresent()
                    ? new Range(range.limit(), range.limit())
                    : new Range(range.request(), range.request());
        }

        private Optional<String> quantity(String key) {
            return pod.annotation(Item.PREFIX + key)
                    .filter(text -> holds(key, text, Quantities.isQuantity(text), "a quantity such as 100m or 64Mi"));
        }

        /** A request and its limit, "" for none. */
        private record Range(String request, String limit) {
            boolean isUpsideDown() {
                return !request.isEmpty()
                        && !limit.isEmpty()
                        && Quantities.amount(request).compareTo(Quantities.amount(limit)) > 0;
            }
        }

        private String oneOf(String key, List<String> allowed, String absent) {
            return pod.annotation(Item.PREFIX + key)
                    .filter(text -> holds(
                            key,
                            text,
                            allowed.contains(text),
                            String.join(", ", allowed) + "; nearest: " + Spelling.nearest(text, allowed)))
                    .orElse(absent);
        }

        private String list(String key, Predicate<String> valid, String expectation) {
            String said = pod.annotation(Item.PREFIX + key).orElse("");
            List<String> items = Stream.of(said.split(",", -1))
                    .map(String::strip)
                    .filter(item -> !item.isEmpty())
                    .toList();
            boolean right = items.stream().allMatch(valid);
            return holds(key, said, right, expectation) ? String.join(",", items) : "";
        }

        private boolean holds(String key, String text, boolean right, String expectation) {
            if (!right) {
                complaints.add(
                        Item.PREFIX + key + ": \"" + text + "\" (expected: " + expectation + "); the default holds");
            }
            return right;
        }

        private static boolean isPorts(String text) {
            if (!PORTS.matcher(text).matches()) {
                return false;
            }
            int[] ends =
                    Stream.of(text.split("-", 0)).mapToInt(Integer::parseInt).toArray();
            return ends[0] >= 1 && ends[ends.length - 1] <= 65535 && ends[0] <= ends[ends.length - 1];
        }

        private static boolean isRange(String text) {
            int slash = text.indexOf('/');
            String address = slash < 0 ? text : text.substring(0, slash);
            if (IpAddresses.canonical(address).isEmpty()) {
                return false;
            }
            String bits = slash < 0 ? "0" : text.substring(slash + 1);
            return bits.matches("[0-9]{1,3}") && Integer.parseInt(bits) <= (text.indexOf(':') < 0 ? 32 : 128);
        }
    }
}
