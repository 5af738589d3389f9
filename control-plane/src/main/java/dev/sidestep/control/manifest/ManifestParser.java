package dev.sidestep.control.manifest;

import dev.sidestep.control.index.IpAddresses;
import dev.sidestep.control.index.Item;
import dev.sidestep.control.index.Item.NamespaceItem;
import dev.sidestep.control.index.Item.NodeItem;
import dev.sidestep.control.index.Item.OwnerReference;
import dev.sidestep.control.index.Item.PodItem;
import dev.sidestep.control.index.ObjectKey;
import dev.sidestep.control.index.ObjectKey.Kind;
import dev.sidestep.control.index.ServiceItem;
import dev.sidestep.control.index.SliceItem;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** From one manifest to one {@link Item}, checked as an API server would where it matters to us. Pure. */
public final class ManifestParser {
    private static final Map<String, Kind> KINDS = Map.of(
            "Service", Kind.SERVICE,
            "EndpointSlice", Kind.ENDPOINT_SLICE,
            "Endpoints", Kind.ENDPOINTS,
            "Namespace", Kind.NAMESPACE);
    private static final Pattern DNS_LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
    private static final Pattern DNS_NAME =
            Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    private static final List<String> PROTOCOLS = List.of("TCP", "UDP", "SCTP");
    private static final List<String> FAMILIES = List.of("IPv4", "IPv6");

    /** Whichever proxy honours this label balances the Service; we are not it. */
    private static final String OTHER_PROXY = "service.kubernetes.io/service-proxy-name";

    /** Ours, Pod Security Admission's, and those of other meshes. */
    private static final List<String> NAMESPACE_LABELS = List.of(
            Item.PREFIX,
            "pod-security.kubernetes.io/",
            "istio-injection",
            "istio.io/",
            "linkerd.io/",
            "kuma.io/",
            "cilium.io/");

    private static final List<String> NAMESPACE_ANNOTATIONS = List.of(Item.PREFIX, "linkerd.io/", "kuma.io/");

    private static final Set<String> NODE_ADDRESSES = Set.of("InternalIP", "ExternalIP");

    private static final String SERVICE_OF_SLICE = "kubernetes.io/service-name";

    private ManifestParser() {}

    /** Which object {@code manifest} is; empty for a kind that does not matter. */
    public static Optional<ObjectKey> key(Field manifest) throws ManifestException {
        Kind kind = KINDS.get(manifest.get("kind").string());
        if (kind == null) {
            return Optional.empty();
        }
        Field metadata = manifest.get("metadata");
        String name = named(metadata.get("name"), kind == Kind.SERVICE || kind == Kind.NAMESPACE);
        if (kind == Kind.NAMESPACE) {
            return Optional.of(ObjectKey.namespace(name));
        }
        Field namespace = metadata.get("namespace");
        return Optional.of(new ObjectKey(kind, namespace.isAbsent() ? "default" : named(namespace, true), name));
    }

    /** What {@code manifest}, which is {@code key}, says. */
    public static Item parse(ObjectKey key, Field manifest) throws ManifestException {
        String expected = key.kind() == Kind.ENDPOINT_SLICE ? "discovery.k8s.io/v1" : "v1";
        Field version = manifest.get("apiVersion");
        if (!version.string().equals(expected)) {
            throw version.wrong(expected);
        }
        return switch (key.kind()) {
            case SERVICE -> service(key, manifest);
            case ENDPOINT_SLICE -> slice(key, manifest);
            case ENDPOINTS -> endpoints(key, manifest);
            case NAMESPACE -> namespace(key, manifest);
            case POD -> pod(key, manifest);
            case NODE -> node(key, manifest);
        };
    }

    private static ServiceItem service(ObjectKey key, Field manifest) throws ManifestException {
        Field spec = manifest.get("spec");
        String type =
                spec.get("type").oneOf(List.of("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"), "ClusterIP");
        boolean claimed = manifest.get("metadata")
                .get("labels")
                .get(OTHER_PROXY)
                .present()
                .isPresent();
        boolean external = type.equals("ExternalName");
        List<String> clusterIps = external ? List.of() : clusterIps(spec);
        var families = new ArrayList<String>();
        for (Field family : spec.get("ipFamilies").items()) {
            families.add(family.oneOf(FAMILIES, ""));
        }
        if (families.isEmpty()) {
            clusterIps.forEach(address -> families.add(address.indexOf(':') < 0 ? "IPv4" : "IPv6"));
        }
        return new ServiceItem(
                key,
                !claimed && !external,
                spec.get("clusterIP").string("").equals("None"),
                clusterIps,
                externalIps(manifest),
                families,
                external ? List.of() : servicePorts(spec),
                spec.get("internalTrafficPolicy")
                        .oneOf(List.of("Cluster", "Local"), "Cluster")
                        .equals("Local"),
                affinity(spec),
                annotations(manifest));
    }

    private static List<String> clusterIps(Field spec) throws ManifestException {
        var addresses = new ArrayList<String>();
        for (Field address : spec.get("clusterIPs").items()) {
            if (!address.string().equals("None")) {
                addresses.add(ip(address));
            }
        }
        Field first = spec.get("clusterIP");
        if (addresses.isEmpty() && !List.of("", "None").contains(first.string(""))) {
            addresses.add(ip(first));
        }
        return addresses;
    }

    private static List<String> externalIps(Field manifest) throws ManifestException {
        var addresses = new ArrayList<String>();
        for (Field address : manifest.get("spec").get("externalIPs").items()) {
            addresses.add(ip(address));
        }
        for (Field ingress :
                manifest.get("status").get("loadBalancer").get("ingress").items()) {
            // With ipMode Proxy the load balancer must see the traffic (KEP-1860).
            boolean direct =
                    ingress.get("ipMode").oneOf(List.of("VIP", "Proxy"), "VIP").equals("VIP");
            if (direct && !ingress.get("ip").isAbsent()) {
                addresses.add(ip(ingress.get("ip")));
            }
        }
        return addresses;
    }

    private static List<ServiceItem.Port> servicePorts(Field spec) throws ManifestException {
        var ports = new ArrayList<ServiceItem.Port>();
        Set<String> names = new HashSet<>();
        Set<String> numbers = new HashSet<>();
        List<Field> fields = spec.get("ports").items();
        // With a policy of Local it depends on the node who answers: such calls keep kube-proxy's way.
        boolean sameOnEveryNode = !spec.get("externalTrafficPolicy").string("").equals("Local")
                && !spec.get("internalTrafficPolicy").string("").equals("Local");
        for (Field field : fields) {
            String protocol = field.get("protocol").oneOf(PROTOCOLS, "TCP");
            String name = field.get("name").string("");
            int number = field.get("port").number(1, 65535);
            if (name.isEmpty() && fields.size() > 1) {
                throw ManifestException.at(field.get("name").path(), "missing (needed where there are several ports)");
            }
            if (!names.add(name)) {
                throw ManifestException.at(field.get("name").path(), "\"" + name + "\" is there twice");
            }
            if (!numbers.add(protocol + number)) {
                throw ManifestException.at(field.get("port").path(), number + "/" + protocol + " is there twice");
            }
            int target = targetPort(field.get("targetPort"), number);
            if (protocol.equals("TCP")) {
                ports.add(new ServiceItem.Port(
                        name,
                        number,
                        target,
                        field.get("appProtocol").string(""),
                        sameOnEveryNode && !field.get("nodePort").isAbsent()
                                ? field.get("nodePort").number(0, 65535)
                                : 0));
            }
        }
        return ports;
    }

    private static int targetPort(Field field, int port) throws ManifestException {
        if (field.isAbsent() || field.value() instanceof String) {
            return port; // A name is resolved by whoever writes the slice.
        }
        return field.number(1, 65535);
    }

    private static Optional<Integer> affinity(Field spec) throws ManifestException {
        if (!spec.get("sessionAffinity")
                .oneOf(List.of("None", "ClientIP"), "None")
                .equals("ClientIP")) {
            return Optional.empty();
        }
        Field timeout = spec.get("sessionAffinityConfig").get("clientIP").get("timeoutSeconds");
        return Optional.of(timeout.isAbsent() ? ServiceItem.DEFAULT_AFFINITY_SECONDS : timeout.number(1, 86_400));
    }

    private static SliceItem slice(ObjectKey key, Field manifest) throws ManifestException {
        Field service = manifest.get("metadata").get("labels").get(SERVICE_OF_SLICE);
        String serviceName = service.string();
        String family = manifest.get("addressType").string();
        boolean ipv6 = manifest.get("addressType")
                .oneOf(List.of("IPv4", "IPv6", "FQDN"), "")
                .equals("IPv6");
        if (family.equals("FQDN")) {
            return new SliceItem(key, serviceName, List.of()); // Names are nobody's endpoints: no proxy serves them.
        }
        var backends = new ArrayList<SliceItem.Backend>();
        for (Field endpoint : manifest.get("endpoints").items()) {
            backends.add(backend(endpoint, ipv6));
        }
        return new SliceItem(
                key, serviceName, List.of(new SliceItem.Subset(slicePorts(manifest.get("ports")), backends)));
    }

    private static SliceItem.Backend backend(Field endpoint, boolean ipv6) throws ManifestException {
        List<Field> addresses = endpoint.get("addresses").items();
        if (addresses.isEmpty()) {
            throw ManifestException.at(endpoint.path() + ".addresses", "missing");
        }
        // Consumers use the first only: the API says that several were never given a meaning.
        Field first = addresses.get(0);
        String address = ip(first);
        if (ipv6 != address.indexOf(':') >= 0) {
            throw first.wrong("an " + (ipv6 ? "IPv6" : "IPv4") + " address, as addressType says");
        }
        Field conditions = endpoint.get("conditions");
        boolean ready = conditions.get("ready").bool(true);
        Field target = endpoint.get("targetRef");
        return new SliceItem.Backend(
                address,
                ipv6,
                ready,
                conditions.get("serving").bool(ready),
                conditions.get("terminating").bool(false),
                endpoint.get("hostname").string(""),
                target.get("kind").string("").equals("Pod") ? target.get("name").string("") : "",
                endpoint.get("nodeName").string(""),
                endpoint.get("zone").string(""),
                hints(endpoint, "forZones"),
                hints(endpoint, "forNodes"));
    }

    private static List<String> hints(Field endpoint, String which) throws ManifestException {
        var names = new ArrayList<String>();
        for (Field hint : endpoint.get("hints").get(which).items()) {
            names.add(hint.get("name").string());
        }
        return names;
    }

    private static List<SliceItem.Port> slicePorts(Field field) throws ManifestException {
        var ports = new ArrayList<SliceItem.Port>();
        for (Field port : field.items()) {
            int number = port.get("port").isAbsent() ? 0 : port.get("port").number(1, 65535);
            if (port.get("protocol").oneOf(PROTOCOLS, "TCP").equals("TCP")) {
                ports.add(new SliceItem.Port(port.get("name").string(""), number));
            }
        }
        return ports;
    }

    private static SliceItem endpoints(ObjectKey key, Field manifest) throws ManifestException {
        var subsets = new ArrayList<SliceItem.Subset>();
        for (Field subset : manifest.get("subsets").items()) {
            var backends = new ArrayList<SliceItem.Backend>();
            for (Field address : subset.get("addresses").items()) {
                backends.add(legacy(address, true));
            }
            for (Field address : subset.get("notReadyAddresses").items()) {
                backends.add(legacy(address, false));
            }
            subsets.add(new SliceItem.Subset(slicePorts(subset.get("ports")), backends));
        }
        return new SliceItem(key, key.name(), subsets);
    }

    private static SliceItem.Backend legacy(Field address, boolean ready) throws ManifestException {
        String ip = ip(address.get("ip"));
        Field target = address.get("targetRef");
        return new SliceItem.Backend(
                ip,
                ip.indexOf(':') >= 0,
                ready,
                ready,
                false,
                address.get("hostname").string(""),
                target.get("kind").string("").equals("Pod") ? target.get("name").string("") : "",
                address.get("nodeName").string(""),
                "",
                List.of(),
                List.of());
    }

    private static NamespaceItem namespace(ObjectKey key, Field manifest) throws ManifestException {
        return new NamespaceItem(
                key,
                below(manifest.get("metadata").get("labels"), NAMESPACE_LABELS),
                below(manifest.get("metadata").get("annotations"), NAMESPACE_ANNOTATIONS));
    }

    private static PodItem pod(ObjectKey key, Field manifest) throws ManifestException {
        Field metadata = manifest.get("metadata");
        Field spec = manifest.get("spec");
        Field status = manifest.get("status");
        var addresses = new LinkedHashSet<String>();
        for (Field address : status.get("podIPs").items()) {
            addresses.add(ip(address.get("ip")));
        }
        if (addresses.isEmpty() && !status.get("podIP").string("").isEmpty()) {
            addresses.add(ip(status.get("podIP")));
        }
        return new PodItem(
                key,
                metadata.get("uid").string(""),
                List.copyOf(addresses),
                spec.get("hostNetwork").bool(false),
                spec.get("nodeName").string(""),
                status.get("phase").string(""),
                !metadata.get("deletionTimestamp").isAbsent(),
                metadata.get("labels").strings(Item.PREFIX),
                annotations(manifest),
                owner(metadata));
    }

    private static Optional<OwnerReference> owner(Field metadata) throws ManifestException {
        for (Field owner : metadata.get("ownerReferences").items()) {
            if (owner.get("controller").bool(false)) {
                return Optional.of(new OwnerReference(
                        owner.get("kind").string(), owner.get("name").string()));
            }
        }
        return Optional.empty();
    }

    private static NodeItem node(ObjectKey key, Field manifest) throws ManifestException {
        Field labels = manifest.get("metadata").get("labels");
        var addresses = new LinkedHashSet<String>();
        for (Field address : manifest.get("status").get("addresses").items()) {
            if (NODE_ADDRESSES.contains(address.get("type").string(""))) {
                addresses.add(ip(address.get("address")));
            }
        }
        return new NodeItem(
                key,
                labels.get("topology.kubernetes.io/zone").string(""),
                labels.get("topology.kubernetes.io/region").string(""),
                List.copyOf(addresses),
                manifest.get("status").get("nodeInfo").get("kubeletVersion").string(""));
    }

    private static Map<String, String> below(Field strings, List<String> prefixes) throws ManifestException {
        var found = new TreeMap<String, String>();
        for (String prefix : prefixes) {
            found.putAll(strings.strings(prefix));
        }
        return found;
    }

    private static Map<String, String> annotations(Field manifest) throws ManifestException {
        return manifest.get("metadata").get("annotations").strings(Item.PREFIX);
    }

    private static String ip(Field field) throws ManifestException {
        return IpAddresses.canonical(field.string()).orElseThrow(() -> field.wrong("an IP address"));
    }

    private static String named(Field field, boolean label) throws ManifestException {
        String name = field.string();
        if (name.length() > 253 || !(label ? DNS_LABEL : DNS_NAME).matcher(name).matches()) {
            throw field.wrong("a DNS " + (label ? "label" : "name") + " of lower-case letters, digits and dashes");
        }
        return name;
    }
}
