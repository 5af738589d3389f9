package dev.sidestep.control.injector;

import dev.sidestep.control.index.Item;
import dev.sidestep.control.index.Spelling;
import dev.sidestep.control.settings.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Decides what becomes of a pod: pure but for the random name that it is handed, the same for the webhook and for
 * {@code sidestep inject}. Its own result, put in again, comes out as it is. Any thread.
 */
public final class Injector {
    /** Whether and how, on a pod or its namespace. */
    public static final String INJECT_LABEL = Item.PREFIX + "inject";

    /** JSON: what the pod got, and why not what it asked for. */
    public static final String STATUS_ANNOTATION = Item.PREFIX + "status";

    /** By this, injected pods are found. */
    public static final String INJECTED_LABEL = Item.PREFIX + "injected";

    private static final ObjectMapper JSON = JsonMapper.shared();

    private final Settings settings;
    private final Supplier<String> ids;

    /** @param ids random names for pods, each once; "" where there can be none, in a template of many pods */
    public Injector(Settings settings, Supplier<String> ids) {
        this.settings = settings;
        this.ids = ids;
    }

    /** Of {@code original}, which stays as it is. */
    public Decision decide(ObjectNode original, NamespaceFacts namespace, ClusterFacts cluster) {
        var draft = new PodDraft(original);
        PodOptions options = PodOptions.read(draft, namespace, settings);
        try {
            Optional<Placement> asked = asked(draft, namespace);
            if (asked.isEmpty()) {
                return new Decision(Decision.Result.LEFT_ALONE, original, "none", Optional.empty(), "", List.of());
            }
            return inject(original, draft, asked.get(), options, namespace, cluster);
        } catch (DeclinedException declined) {
            // A fresh copy: what was done to the other one before the rule spoke goes with it.
            var pod = new PodDraft(original);
            if (declined.rule() != Rule.STATIC_POD) {
                pod.removeLabel(INJECTED_LABEL);
                pod.annotate(STATUS_ANNOTATION, status("none", options.version(), declined.text()));
            }
            return new Decision(
                    Decision.Result.DECLINED,
                    pod.pod(),
                    "none",
                    Optional.of(declined.rule()),
                    declined.text(),
                    options.complaints());
        }
    }

    private Decision inject(
            ObjectNode original,
            PodDraft draft,
            Placement asked,
            PodOptions options,
            NamespaceFacts namespace,
            ClusterFacts cluster)
            throws DeclinedException {
        var rules = new Rules(draft, namespace, cluster, settings);
        Optional<String> instead = Optional.empty();
        Placement placement = asked;
        if (placement == Placement.SIDECAR && options.intercept().equals("none")) {
            placement = Placement.PROXY;
        } else if (placement.hasSidecar() && rules.forbidsRedirect()) {
            instead = Optional.of(Rule.POD_SECURITY.text() + ": Pod Security of the namespace forbids the redirect; ");
            placement = insteadOfRedirect(instead.get());
        }
        rules.checkAll(placement);
        if (placement == Placement.SIDECAR || placement == Placement.SIDECAR_AND_AGENT) {
            rules.checkRedirect(options);
        }
        if (options.containers().isEmpty()) {
            throw new DeclinedException(
                    Rule.CONTAINERS,
                    "sidestep.dev/containers names none of the pod's containers",
                    "name some of "
                            + draft.containers().stream().map(Container::name).toList());
        }
        var injection = Injection.of(draft, placement, options, namespace, cluster, settings, ids.get());
        apply(injection);
        checkFit(original, injection);

        var reasons = new ArrayList<String>();
        if (instead.isPresent()) {
            reasons.add(instead.get() + "it got " + placement.text() + " instead");
        }
        reasons.addAll(injection.notes());
        reasons.addAll(options.complaints());
        String reason = String.join("; ", reasons);
        draft.label(INJECTED_LABEL, placement.label());
        draft.annotate(STATUS_ANNOTATION, status(placement.text(), options.version(), reason));
        return new Decision(
                Decision.Result.INJECTED,
                draft.pod(),
                placement.text(),
                instead.map(why -> Rule.POD_SECURITY),
                reason,
                options.complaints());
    }

    private void apply(Injection injection) throws DeclinedException {
        var identity = new Identity(injection);
        if (injection.placement().hasSidecar()) {
            SidecarPlacement.apply(injection, identity);
        }
        if (injection.placement().hasAgent()) {
            AgentPlacement.apply(injection, identity);
        }
        if (injection.placement() == Placement.GRPC) {
            GrpcPlacement.apply(injection, identity);
        }
        DrainHook.apply(injection);
        var limits = new LimitRangeFit(injection.namespace().limitRanges());
        injection.initContainers().forEach(container -> limits.adapt(container, container.has("restartPolicy")));
        injection.pod().putFirst(injection.initContainers());
    }

    /** What would be refused with us and not without us is the one thing that must never happen. */
    private static void checkFit(ObjectNode original, Injection injection) throws DeclinedException {
        List<JsonNode> ranges = injection.namespace().limitRanges();
        var before = new PodUsage(OurContainers.without(original), ranges);
        var after = new PodUsage(injection.pod().pod(), ranges);
        String lower = "or ask for less by sidestep.dev/sidecar-cpu-request and its like";
        PodResourcesFit.check(before, after);
        var limits = new LimitRangeFit(ranges);
        if (limits.violations(before).isEmpty()) {
            decline(Rule.LIMIT_RANGE, limits.violations(after), "change the LimitRange, " + lower);
        }
        var quotas = new QuotaFit(injection.namespace().quotas());
        if (quotas.violations(before).isEmpty()) {
            decline(Rule.QUOTA, quotas.violations(after), "raise the quota, " + lower);
        }
        if (before.isGuaranteed() && !after.isGuaranteed()) {
            injection.note(
                    "its quality of service is Burstable now; with sidecar requests equal to limits it would stay"
                            + " Guaranteed");
        }
    }

    private static void decline(Rule rule, List<String> violations, String remedy) throws DeclinedException {
        if (!violations.isEmpty()) {
            throw new DeclinedException(rule, String.join(", ", violations), remedy);
        }
    }

    private Placement insteadOfRedirect(String why) throws DeclinedException {
        return switch (settings.injection().psaMode()) {
            case "agent" -> Placement.AGENT;
            case "proxy" -> Placement.PROXY;
            default ->
                throw new DeclinedException(
                        Rule.POD_SECURITY,
                        why.substring(why.indexOf(' ') + 1, why.lastIndexOf(';')),
                        "label the pod sidestep.dev/inject: agent, or the namespace"
                                + " pod-security.kubernetes.io/enforce: privileged");
        };
    }

    /** What the pod's label says, or else its namespace's; empty: nothing, or not to. */
    private Optional<Placement> asked(PodDraft pod, NamespaceFacts namespace) throws DeclinedException {
        Optional<String> own = pod.label(INJECT_LABEL);
        Optional<String> said =
                own.isPresent() ? own : Optional.ofNullable(namespace.labels().get(INJECT_LABEL));
        if (said.isEmpty()) {
            return Optional.empty();
        }
        String word = said.get();
        return switch (word) {
            case "disabled", "false" -> Optional.empty();
            case "enabled", "true" -> Optional.of(placement(settings.injection().defaultMode()));
            case "agent", "sidecar", "grpc", "sidecar-and-agent" -> Optional.of(placement(word));
            default ->
                throw new DeclinedException(
                        Rule.WRONG_VALUE,
                        INJECT_LABEL + " of the " + (own.isPresent() ? "pod" : "namespace") + " says \"" + word
                                + "\" (expected: " + String.join(", ", Placement.LABEL_VALUES) + ")",
                        "write " + Spelling.nearest(word, Placement.LABEL_VALUES) + ", if that was meant");
        };
    }

    private static Placement placement(String word) {
        return Stream.of(Placement.values())
                .filter(candidate -> candidate.text().equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "placement: " + word.toLowerCase(Locale.ROOT) + " (expected: one that is known)"));
    }

    private static String status(String mode, String version, String reason) {
        ObjectNode status = JsonNodeFactory.instance.objectNode();
        status.put("mode", mode).put("version", version).put("reason", reason);
        return JSON.writeValueAsString(status);
    }
}
