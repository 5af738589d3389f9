package dev.sidestep.control.index;

import static java.util.stream.Collectors.toUnmodifiableMap;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the annotations of namespaces and Services say. Confined to the index's owner. */
final class Policies {
    private final Problems problems;
    private final Map<String, Map<String, String>> ofNamespace = new HashMap<>();

    Policies(Problems problems) {
        this.problems = problems;
    }

    /** Takes over what a namespace says now; whether that is something else than before. */
    boolean apply(Change namespace) {
        Map<String, String> now = namespace
                .item()
                .map(item -> ours(((Item.NamespaceItem) item).annotations()))
                .orElse(Map.of());
        String name = namespace.key().name();
        Map<String, String> before = now.isEmpty() ? ofNamespace.remove(name) : ofNamespace.put(name, now);
        if (now.equals(before == null ? Map.of() : before)) {
            return false;
        }
        problems.replace(namespace.key().toString(), new PolicyBuilder().read(namespace.key(), now));
        return true;
    }

    private static Map<String, String> ours(Map<String, String> annotations) {
        return annotations.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(Item.PREFIX))
                .collect(toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** What holds for {@code service}; what is wrong with its own part is reported. */
    PolicyBuilder of(ServiceItem service) {
        String namespace = service.key().namespace();
        var policy = new PolicyBuilder();
        // The namespace's problems are its own, told when it changed.
        List<String> unused =
                policy.read(ObjectKey.namespace(namespace), ofNamespace.getOrDefault(namespace, Map.of()));
        problems.replace(service.key().toString(), policy.read(service.key(), service.annotations()));
        return policy;
    }

    /** {@code service} is gone, and its problems with it. */
    void forget(ObjectKey service) {
        problems.replace(service.toString(), List.of());
    }
}
