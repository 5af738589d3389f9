package dev.sidestep.discovery;

import com.google.protobuf.Any;
import dev.sidestep.balancing.Discovery.Watcher;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.Self;
import dev.sidestep.xds.InvalidResourceException;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.SelfDecoder;
import dev.sidestep.xds.ServiceDecoder;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import dev.sidestep.xds.proto.discovery.Resource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Takes over what an answer says. The good resources of an answer hold whatever is wrong with the others, which keep
 * their last good version. Confined to the client's owner.
 */
final class Answers {
    /**
     * What became of an answer.
     *
     * @param refusal why it is refused; "" if all of it was good
     * @param told what the watcher has to hear, after everything is in its place
     */
    record Outcome(String refusal, List<Consumer<Watcher>> told) {}

    private static final int MAX_PROBLEMS = 5;

    private final Services services;
    private final Optional<Snapshots> snapshots;
    private final Consumer<String> caBundles;

    /** @param caBundles hears which CAs the control plane says to trust, each time it says it */
    Answers(Services services, Optional<Snapshots> snapshots, Consumer<String> caBundles) {
        this.services = services;
        this.snapshots = snapshots;
        this.caBundles = caBundles;
    }

    Outcome apply(DeltaDiscoveryResponse response) {
        List<Consumer<Watcher>> told = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (Resource resource : response.getResourcesList()) {
            try {
                apply(response.getTypeUrl(), resource, told);
            } catch (InvalidResourceException e) {
                problems.add(e.getMessage());
            }
        }
        if (response.getTypeUrl().equals(ResourceType.SERVICE)) {
            response.getRemovedResourcesList().forEach(name -> remove(name, told));
            snapshots.ifPresent(Snapshots::changed);
        }
        return new Outcome(refusal(problems), told);
    }

    /** All of it if it is little: a refusal is sent, logged and shown. */
    private static String refusal(List<String> problems) {
        int more = problems.size() - MAX_PROBLEMS;
        String first = String.join("; ", problems.subList(0, Math.min(problems.size(), MAX_PROBLEMS)));
        return more <= 0 ? first : first + "; and " + more + " more";
    }

    /** How a server ends what it tells to whom comes back with what it had. */
    static boolean isEmpty(DeltaDiscoveryResponse response) {
        return response.getResourcesCount() == 0 && response.getRemovedResourcesCount() == 0;
    }

    static boolean isAskedFor(String typeUrl) {
        return typeUrl.equals(ResourceType.SELF) || typeUrl.equals(ResourceType.SERVICE);
    }

    private void apply(String typeUrl, Resource resource, List<Consumer<Watcher>> told)
            throws InvalidResourceException {
        switch (typeUrl) {
            case ResourceType.SELF -> applySelf(resource, told);
            case ResourceType.SERVICE -> applyService(resource, told);
            default -> throw new InvalidResourceException(resource.getName(), "", "of a type that was not asked for");
        }
    }

    private void applySelf(Resource resource, List<Consumer<Watcher>> told) throws InvalidResourceException {
        Any any = checked(ResourceType.SELF, resource);
        Self self = SelfDecoder.decode(resource.getName(), any.getValue());
        snapshots.ifPresent(it -> it.told(any.getValue()));
        caBundles.accept(SelfDecoder.caBundle(resource.getName(), any.getValue()));
        told.add(watcher -> watcher.onSelf(self));
    }

    private void applyService(Resource resource, List<Consumer<Watcher>> told) throws InvalidResourceException {
        List<String> names = services.answeredBy(resource.getName(), resource.getAliasesList());
        if (names.isEmpty()) {
            return; // Dropped while the answer was on its way.
        }
        try {
            Any any = checked(ResourceType.SERVICE, resource);
            Cluster cluster = ServiceDecoder.decode(resource.getName(), any.getValue());
            services.put(
                    resource.getName(),
                    names,
                    new Services.Known(cluster, any.getValue(), resource.getVersion(), Optional.empty()));
            for (String name : names) {
                snapshots.ifPresent(it -> it.answered(name));
                told.add(watcher -> watcher.onCluster(name, cluster, Duration.ZERO));
            }
        } catch (InvalidResourceException e) {
            // A name that never had a good answer has none now, so that its calls go on as without us at once.
            names.stream()
                    .filter(name -> !services.isAnswered(name))
                    .forEach(name -> told.add(watcher -> watcher.onAbsent(name)));
            throw e;
        }
    }

    private void remove(String removed, List<Consumer<Watcher>> told) {
        for (String name : services.remove(removed)) {
            snapshots.ifPresent(it -> it.answered(name));
            told.add(watcher -> watcher.onAbsent(name));
        }
    }

    private static Any checked(String typeUrl, Resource resource) throws InvalidResourceException {
        Any any = resource.getResource();
        if (!any.getTypeUrl().equals(typeUrl)) {
            throw new InvalidResourceException(
                    resource.getName(), "resource.type_url", "of another type (expected: " + typeUrl + ")");
        }
        return any;
    }
}
