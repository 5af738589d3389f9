package dev.sidestep.e2e;

import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Notes when each pod of a Service was first seen ready in its EndpointSlices, and when first no longer, by this machine's
 * clock. For any thread.
 */
public final class EndpointWatch implements AutoCloseable {
    private final Watch watch;
    private final Map<String, Set<String>> readyBySlice = new HashMap<>();
    private final Map<String, Long> readySince = new HashMap<>();
    private final Map<String, Long> goneSince = new HashMap<>();

    EndpointWatch(Cluster cluster, String namespace, String service) {
        var slices = cluster.api()
                .discovery()
                .v1()
                .endpointSlices()
                .inNamespace(namespace)
                .withLabel("kubernetes.io/service-name", service);
        var list = slices.list();
        list.getItems().forEach(each -> note(each, false));
        // From the list on: a watch from nowhere is refused by API servers over an old etcd.
        var since = new ListOptionsBuilder()
                .withResourceVersion(list.getMetadata().getResourceVersion())
                .build();
        this.watch = slices.watch(since, new Watcher<>() {
            @Override
            public void eventReceived(Action action, EndpointSlice slice) {
                note(slice, action == Action.DELETED);
            }

            @Override
            public void onClose(WatcherException cause) {
                // The caller sees that nothing comes any more.
            }
        });
    }

    private synchronized void note(EndpointSlice slice, boolean deleted) {
        long now = Clocks.micros();
        Set<String> ready = deleted ? Set.of() : ready(slice);
        Set<String> before = Optional.ofNullable(
                        readyBySlice.put(slice.getMetadata().getName(), ready))
                .orElse(Set.of());
        ready.forEach(pod -> readySince.putIfAbsent(pod, now));
        before.stream().filter(pod -> !ready.contains(pod)).forEach(pod -> goneSince.putIfAbsent(pod, now));
    }

    private static Set<String> ready(EndpointSlice slice) {
        List<Endpoint> endpoints = Optional.ofNullable(slice.getEndpoints()).orElse(List.of());
        return endpoints.stream()
                .filter(each -> each.getTargetRef() != null
                        && Boolean.TRUE.equals(each.getConditions().getReady()))
                .map(each -> each.getTargetRef().getName())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    public synchronized OptionalLong readySince(String pod) {
        Long since = readySince.get(pod);
        return since == null ? OptionalLong.empty() : OptionalLong.of(since);
    }

    public synchronized OptionalLong goneSince(String pod) {
        Long since = goneSince.get(pod);
        return since == null ? OptionalLong.empty() : OptionalLong.of(since);
    }

    /** The pods that were ready at some time. */
    public synchronized Set<String> everReady() {
        return new TreeSet<>(readySince.keySet());
    }

    /** The pods that are ready now. */
    public synchronized Set<String> ready() {
        return readyBySlice.values().stream().flatMap(Set::stream).collect(Collectors.toCollection(TreeSet::new));
    }

    @Override
    public void close() {
        watch.close();
    }
}
