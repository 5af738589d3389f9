package dev.sidestep.xds;

import com.google.protobuf.ByteString;
import dev.sidestep.model.Endpoint;
import dev.sidestep.xds.proto.v1.EndpointList;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Encodes the endpoints of a cluster, compactly: what many of them share is written once. */
final class EndpointListEncoder {
    static final int NOT_READY = 1;
    static final int NOT_SERVING = 2;
    static final int TERMINATING = 4;

    private final EndpointList.Builder list = EndpointList.newBuilder();
    private final Map<String, Integer> numbers = new HashMap<>();

    private EndpointListEncoder() {}

    static EndpointList encode(List<Endpoint> endpoints) {
        return new EndpointListEncoder().list(endpoints);
    }

    private EndpointList list(List<Endpoint> endpoints) {
        int usualPort = usualPort(endpoints);
        list.setPort(usualPort);
        for (Endpoint endpoint : endpoints) {
            list.addEndpoints(endpoint(endpoint, usualPort));
        }
        return list.build();
    }

    private dev.sidestep.xds.proto.v1.Endpoint endpoint(Endpoint endpoint, int usualPort) {
        int afterPrefix = endpoint.pod().lastIndexOf('-') + 1;
        var message = dev.sidestep.xds.proto.v1.Endpoint.newBuilder()
                .setAddress(ByteString.copyFrom(IpLiteral.parse(endpoint.address())))
                .setConditions(conditions(endpoint))
                .setNode(number(endpoint.node()))
                .setZone(number(endpoint.zone()))
                .setPodPrefix(number(endpoint.pod().substring(0, afterPrefix)))
                .setPodSuffix(endpoint.pod().substring(afterPrefix))
                .setHostname(endpoint.hostname())
                .addAllForZones(numbers(endpoint.forZones()))
                .addAllForNodes(numbers(endpoint.forNodes()));
        if (endpoint.port() != usualPort) {
            message.setPort(endpoint.port());
        }
        if (endpoint.weight() != 1) {
            message.setWeight(endpoint.weight());
        }
        return message.build();
    }

    private static int conditions(Endpoint endpoint) {
        return (endpoint.ready() ? 0 : NOT_READY)
                | (endpoint.serving() ? 0 : NOT_SERVING)
                | (endpoint.terminating() ? TERMINATING : 0);
    }

    private int number(String name) {
        if (name.isEmpty()) {
            return 0;
        }
        Integer known = numbers.get(name);
        if (known != null) {
            return known;
        }
        list.addNames(name);
        numbers.put(name, list.getNamesCount());
        return list.getNamesCount();
    }

    private List<Integer> numbers(List<String> names) {
        List<Integer> result = new ArrayList<>(names.size());
        names.forEach(name -> result.add(number(name)));
        return result;
    }

    /** The port that most have; of several, the lowest, so that equal lists give equal bytes. */
    private static int usualPort(List<Endpoint> endpoints) {
        Map<Integer, Integer> counts = new HashMap<>();
        endpoints.forEach(endpoint -> counts.merge(endpoint.port(), 1, Integer::sum));
        int usual = 0;
        int most = 0;
        for (Map.Entry<Integer, Integer> count : counts.entrySet()) {
            if (count.getValue() > most || (count.getValue() == most && count.getKey() < usual)) {
                usual = count.getKey();
                most = count.getValue();
            }
        }
        return usual;
    }
}
