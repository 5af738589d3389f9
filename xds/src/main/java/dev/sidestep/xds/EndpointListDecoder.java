package dev.sidestep.xds;

import dev.sidestep.model.Endpoint;
import dev.sidestep.xds.proto.v1.EndpointList;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Decodes the endpoints of a cluster. */
final class EndpointListDecoder {
    /** Twenty times the largest Service we are built for; a few bytes each could else become gigabytes here. */
    private static final int MAX_ENDPOINTS = 100_000;

    /** Kubernetes allows 8. */
    private static final int MAX_HINTS = 64;

    private final Fields fields;
    private final EndpointList list;

    private EndpointListDecoder(Fields fields, EndpointList list) {
        this.fields = fields;
        this.list = list;
    }

    static List<Endpoint> decode(Fields fields, EndpointList list) throws InvalidResourceException {
        return new EndpointListDecoder(fields, list).endpoints();
    }

    private List<Endpoint> endpoints() throws InvalidResourceException {
        if (list.getEndpointsCount() > MAX_ENDPOINTS) {
            throw fields.invalid("inline.endpoints", list.getEndpointsCount(), "at most " + MAX_ENDPOINTS);
        }
        for (int i = 0; i < list.getNamesCount(); i++) {
            fields.name("inline.names[" + i + "]", list.getNames(i));
        }
        List<Endpoint> endpoints = new ArrayList<>(list.getEndpointsCount());
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < list.getEndpointsCount(); i++) {
            String at = "inline.endpoints[" + i + "]";
            Endpoint endpoint = endpoint(at, list.getEndpoints(i));
            if (!seen.add(endpoint.hostPort())) {
                throw fields.invalid(at + ".address", endpoint.hostPort(), "each address and port once");
            }
            endpoints.add(endpoint);
        }
        return endpoints;
    }

    private Endpoint endpoint(String at, dev.sidestep.xds.proto.v1.Endpoint message) throws InvalidResourceException {
        int conditions = message.getConditions();
        return new Endpoint(
                address(at, message.getAddress().toByteArray()),
                fields.port(at + ".port", message.getPort() == 0 ? list.getPort() : message.getPort()),
                (conditions & EndpointListEncoder.NOT_READY) == 0,
                (conditions & EndpointListEncoder.NOT_SERVING) == 0,
                (conditions & EndpointListEncoder.TERMINATING) != 0,
                fields.name(at + ".hostname", message.getHostname()),
                fields.name(
                        at + ".pod_suffix", named(at + ".pod_prefix", message.getPodPrefix()) + message.getPodSuffix()),
                named(at + ".node", message.getNode()),
                named(at + ".zone", message.getZone()),
                named(at + ".for_zones", message.getForZonesList()),
                named(at + ".for_nodes", message.getForNodesList()),
                message.getWeight() == 0 ? 1 : fields.atLeast(1, at + ".weight", message.getWeight()));
    }

    private String address(String at, byte[] bytes) throws InvalidResourceException {
        if (bytes.length != 4 && bytes.length != 16) {
            throw fields.invalid(at + ".address", bytes.length + " bytes (expected: 4 or 16)");
        }
        return IpLiteral.text(bytes);
    }

    private String named(String field, int number) throws InvalidResourceException {
        if (number == 0) {
            return "";
        }
        if (number < 0 || number > list.getNamesCount()) {
            throw fields.invalid(field, Integer.toUnsignedLong(number), "0 to " + list.getNamesCount());
        }
        return list.getNames(number - 1);
    }

    private List<String> named(String field, List<Integer> numbers) throws InvalidResourceException {
        if (numbers.size() > MAX_HINTS) {
            throw fields.invalid(field, numbers.size(), "at most " + MAX_HINTS);
        }
        List<String> names = new ArrayList<>(numbers.size());
        for (int number : numbers) {
            names.add(named(field, number));
        }
        return names;
    }
}
