package dev.sidestep.control.index;

import dev.sidestep.control.index.ObjectKey.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Makes objects for tests, all in the namespace {@code default}. */
final class Objects {
    private Objects() {}

    static Map<String, String> annotations(String... keysAndValues) {
        var annotations = new TreeMap<String, String>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            annotations.put(Item.PREFIX + keysAndValues[i], keysAndValues[i + 1]);
        }
        return annotations;
    }

    static ServiceItem service(
            String name, List<String> clusterIps, List<ServiceItem.Port> ports, Map<String, String> annotations) {
        return new ServiceItem(
                new ObjectKey(Kind.SERVICE, "default", name),
                true,
                false,
                clusterIps,
                List.of(),
                List.of(),
                ports,
                false,
                Optional.empty(),
                annotations);
    }

    /** With one port, 80, without a name. */
    static ServiceItem service(String name, String... clusterIps) {
        return service(name, List.of(clusterIps), List.of(new ServiceItem.Port("", 80, 8080, "")), Map.of());
    }

    static ObjectKey sliceKey(String name) {
        return new ObjectKey(Kind.ENDPOINT_SLICE, "default", name);
    }

    static SliceItem slice(String name, String service, int port, SliceItem.Backend... backends) {
        return new SliceItem(
                sliceKey(name),
                service,
                List.of(new SliceItem.Subset(List.of(new SliceItem.Port("", port)), Arrays.asList(backends))));
    }

    static SliceItem.Backend backend(String address, boolean ready, boolean terminating) {
        return backend(address, ready, terminating, "");
    }

    static SliceItem.Backend backend(String address, boolean ready, boolean terminating, String pod) {
        boolean ipv6 = address.indexOf(':') >= 0;
        return new SliceItem.Backend(
                address, ipv6, ready, ready, terminating, "", pod, "n1", "z1", List.of(), List.of());
    }

    static SliceItem.Backend ready(String address) {
        return backend(address, true, false);
    }
}
