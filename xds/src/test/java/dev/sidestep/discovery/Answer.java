package dev.sidestep.discovery;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Self;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.xds.EncodedResource;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.SelfEncoder;
import dev.sidestep.xds.ServiceEncoder;
import dev.sidestep.xds.WireForm;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import dev.sidestep.xds.proto.discovery.Resource;
import java.util.List;
import java.util.stream.IntStream;

/** Answers of a control plane, and what is in them. */
final class Answer {
    static final String BACKEND = "backend.default.svc.cluster.local:80";
    static final String OTHER = "other.default.svc.cluster.local:80";
    static final String VIP = "10.96.0.12:80";

    private Answer() {}

    static Cluster cluster(String name, int endpoints) {
        return new Cluster(
                ClusterName.parse(name).orElseThrow(),
                List.of(VIP),
                false,
                TrafficPolicy.DEFAULT,
                IntStream.rangeClosed(1, endpoints)
                        .mapToObj(i -> Endpoint.ready("10.0.0." + i, 8080))
                        .toList());
    }

    static EncodedResource encoded(String name, int endpoints) {
        return ServiceEncoder.encode(cluster(name, endpoints));
    }

    static Resource service(String name, int endpoints, String... aliases) {
        return WireForm.message(encoded(name, endpoints)).toBuilder()
                .addAllAliases(List.of(aliases))
                .build();
    }

    /** Of the right type, and nothing that can be read. */
    static Resource broken(String name) {
        return Resource.newBuilder()
                .setName(name)
                .setVersion("broken")
                .setResource(Any.newBuilder().setTypeUrl(ResourceType.SERVICE).setValue(ByteString.copyFromUtf8("?!")))
                .build();
    }

    static DeltaDiscoveryResponse self(String nonce) {
        return DeltaDiscoveryResponse.newBuilder()
                .setTypeUrl(ResourceType.SELF)
                .setNonce(nonce)
                .addResources(WireForm.message(SelfEncoder.encode(Self.inNamespace("default"))))
                .build();
    }

    static DeltaDiscoveryResponse services(String nonce, Resource... resources) {
        return DeltaDiscoveryResponse.newBuilder()
                .setTypeUrl(ResourceType.SERVICE)
                .setNonce(nonce)
                .addAllResources(List.of(resources))
                .build();
    }

    static DeltaDiscoveryResponse removed(String nonce, String... names) {
        return DeltaDiscoveryResponse.newBuilder()
                .setTypeUrl(ResourceType.SERVICE)
                .setNonce(nonce)
                .addAllRemovedResources(List.of(names))
                .build();
    }
}
