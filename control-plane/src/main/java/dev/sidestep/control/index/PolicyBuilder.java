package dev.sidestep.control.index;

import static java.util.stream.Collectors.joining;

import dev.sidestep.model.Mode;
import dev.sidestep.model.Protocol;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.model.TrafficPolicy.Balancer;
import dev.sidestep.model.TrafficPolicy.Ejection;
import dev.sidestep.model.TrafficPolicy.Retry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Reads the {@code sidestep.dev/…} annotations of a namespace, then those of a Service over them, into a {@link
 * TrafficPolicy}. A wrong value is reported and leaves what held without it; it is never guessed.
 */
final class PolicyBuilder {
    private static final Map<String, Balancer> BALANCERS = Map.of(
            "round-robin", Balancer.ROUND_ROBIN,
            "least-request", Balancer.LEAST_REQUEST,
            "peak-ewma", Balancer.PEAK_EWMA,
            "random", Balancer.RANDOM,
            "maglev", Balancer.MAGLEV);
    private static final Map<String, Mode> MODES =
            Map.of("balance", Mode.BALANCE, "observe", Mode.OBSERVE, "off", Mode.OFF);
    private static final Map<String, Retry.On> RETRIES = Map.of(
            "safe", Retry.On.SAFE,
            "5xx", Retry.On.SERVER_ERROR,
            "gateway-error", Retry.On.GATEWAY_ERROR,
            "grpc:unavailable", Retry.On.GRPC_UNAVAILABLE,
            "grpc:cancelled", Retry.On.GRPC_CANCELLED,
            "grpc:deadline-exceeded", Retry.On.GRPC_DEADLINE_EXCEEDED,
            "grpc:internal", Retry.On.GRPC_INTERNAL,
            "grpc:resource-exhausted", Retry.On.GRPC_RESOURCE_EXHAUSTED);

    /** Annotations of pods and of the injector: somebody else reads them. */
    private static final Set<String> OTHERS = Set.of(
            "inject",
            "containers",
            "version",
            "intercept",
            "include-outbound-ports",
            "exclude-outbound-ports",
            "exclude-outbound-ip-ranges",
            "sidecar-cpu-request",
            "sidecar-cpu-limit",
            "sidecar-memory-request",
            "sidecar-memory-limit",
            "log-level",
            "status");

    /** Names that are given and not yet honoured; silence would look like obedience. */
    private static final Set<String> NOT_YET = Set.of("hash-by", "slow-start", "hedge", "max-concurrency");

    private static final Map<String, Setting> SETTINGS = Map.ofEntries(
            Map.entry("mode", (builder, value) -> builder.mode = mode(value)),
            Map.entry("balancer", (builder, value) -> builder.balancer = oneOf(BALANCERS, value)),
            Map.entry("ejection", (builder, value) -> builder.ejection = ejection(value)),
            Map.entry("retry-on", (builder, value) -> builder.retryOn = retryOn(value)),
            Map.entry("retry-attempts", (builder, value) -> builder.retryAttempts = number(value, 0, 10)),
            Map.entry("retry-budget", (builder, value) -> builder.retryBudget = percent(value)),
            Map.entry("timeout-request", (builder, value) -> builder.requestTimeout = Durations.parseOrOff(value)),
            Map.entry(
                    "timeout-backend-request",
                    (builder, value) -> builder.backendRequestTimeout = Durations.parseOrOff(value)),
            Map.entry("timeout-connect", (builder, value) -> builder.connectTimeout = Durations.parse(value)),
            Map.entry("opaque-ports", (builder, value) -> builder.opaquePorts = ports(value)));

    private Mode mode = TrafficPolicy.DEFAULT.mode();
    private Balancer balancer = TrafficPolicy.DEFAULT.balancer();
    private Optional<Ejection> ejection = TrafficPolicy.DEFAULT.ejection();
    private Set<Retry.On> retryOn = Retry.DEFAULT.on();
    private int retryAttempts = Retry.DEFAULT.attempts();
    private int retryBudget = Retry.DEFAULT.budgetPercent();
    private Optional<Duration> requestTimeout = TrafficPolicy.DEFAULT.requestTimeout();
    private Optional<Duration> backendRequestTimeout = TrafficPolicy.DEFAULT.backendRequestTimeout();
    private Duration connectTimeout = TrafficPolicy.DEFAULT.connectTimeout();
    private Set<Integer> opaquePorts = Set.of();

    /** Takes the annotations over; returns what is wrong with them, one line each. */
    List<String> read(ObjectKey object, Map<String, String> annotations) {
        var problems = new ArrayList<String>();
        new TreeMap<>(annotations).forEach((key, value) -> {
            try {
                read(key.substring(Item.PREFIX.length()), value.strip());
            } catch (WrongValueException wrong) {
                problems.add(object + ": annotation " + key + ": \"" + value + "\" " + wrong.getMessage());
            }
        });
        return problems;
    }

    private void read(String name, String value) {
        Setting setting = SETTINGS.get(name);
        if (setting != null) {
            setting.read(this, value);
        } else if (NOT_YET.contains(name)) {
            if (!value.equals("off")) {
                throw new WrongValueException("is not supported by this version; ignored");
            }
        } else if (!OTHERS.contains(name)) {
            var known = new HashSet<>(SETTINGS.keySet());
            known.addAll(NOT_YET);
            known.addAll(OTHERS);
            throw new WrongValueException("is not an annotation of ours; ignored (nearest: " + Item.PREFIX
                    + Spelling.nearest(name, known) + ")");
        }
    }

    /** @throws WrongValueException if {@code value} is no mode */
    static Mode mode(String value) {
        return oneOf(MODES, value.strip());
    }

    TrafficPolicy build(ServiceItem service, ServiceItem.Port port) {
        return new TrafficPolicy(
                mode,
                opaquePorts.contains(port.port()) ? Protocol.TCP : Protocols.of(port.appProtocol(), port.name()),
                balancer,
                ejection,
                new Retry(retryOn, retryAttempts, retryBudget),
                connectTimeout,
                requestTimeout,
                backendRequestTimeout,
                service.localOnly(),
                service.affinitySeconds().map(Duration::ofSeconds));
    }

    private static <T> T oneOf(Map<String, T> values, String value) {
        T found = values.get(value);
        if (found == null) {
            throw new WrongValueException("(expected: "
                    + values.keySet().stream().sorted().collect(joining(", ")) + "; nearest: "
                    + Spelling.nearest(value, values.keySet()) + "); ignored");
        }
        return found;
    }

    private static Set<Retry.On> retryOn(String value) {
        var on = new HashSet<Retry.On>();
        if (!value.equals("off")) {
            for (String word : value.split(",", -1)) {
                on.add(oneOf(RETRIES, word.strip()));
            }
        }
        return on;
    }

    private static Optional<Ejection> ejection(String value) {
        if (value.equals("off")) {
            return Optional.empty();
        }
        Ejection read = Ejection.DEFAULT;
        if (!value.equals("on")) {
            for (String pair : value.split(",", -1)) {
                read = ejection(read, pair.strip());
            }
        }
        if (read.max().compareTo(read.base()) < 0) {
            throw new WrongValueException("(expected: max at least base); ignored");
        }
        return Optional.of(read);
    }

    private static Ejection ejection(Ejection read, String pair) {
        int equals = pair.indexOf('=');
        String value = pair.substring(equals + 1);
        return switch (equals < 0 ? "" : pair.substring(0, equals)) {
            case "failures" ->
                new Ejection(number(value, 1, Integer.MAX_VALUE), read.base(), read.max(), read.maxPercent());
            case "base" -> new Ejection(read.failures(), Durations.parse(value), read.max(), read.maxPercent());
            case "max" -> new Ejection(read.failures(), read.base(), Durations.parse(value), read.maxPercent());
            case "max-percent" -> new Ejection(read.failures(), read.base(), read.max(), number(value, 0, 100));
            default ->
                throw new WrongValueException(
                        "(expected: on, off, or words of failures=5,base=1s,max=60s,max-percent=50); ignored");
        };
    }

    private static int percent(String value) {
        if (!value.endsWith("%")) {
            throw new WrongValueException("(expected: a percentage such as 20%); ignored");
        }
        return number(value.substring(0, value.length() - 1), 0, 100);
    }

    private static Set<Integer> ports(String value) {
        var ports = new HashSet<Integer>();
        for (String port : value.split(",", -1)) {
            ports.add(number(port.strip(), 1, 65535));
        }
        return ports;
    }

    private static int number(String value, int least, int most) {
        try {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // Reported below, as one out of range is.
        }
        throw new WrongValueException("(expected: a whole number "
                + (most == Integer.MAX_VALUE ? "of at least " + least : "from " + least + " to " + most)
                + "); ignored");
    }

    /** Reads one annotation's value into the builder. */
    private interface Setting {
        void read(PolicyBuilder builder, String value);
    }
}
