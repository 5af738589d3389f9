package dev.sidestep.xds;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.xds.proto.v1.Service;

/** Encodes a cluster for our own data planes: policy, addresses and endpoints, as one resource. */
public final class ServiceEncoder {
    private ServiceEncoder() {}

    /** Equal clusters give equal bytes. The endpoints' addresses have to be IP literals. */
    public static EncodedResource encode(Cluster cluster) {
        return EncodedResource.of(ResourceType.SERVICE, cluster.name().value(), message(cluster));
    }

    static Service message(Cluster cluster) {
        return Service.newBuilder()
                .setName(cluster.name().value())
                .addAllAddresses(cluster.addresses())
                .setHeadless(cluster.headless())
                .setCluster(standard(cluster.policy()))
                .setPolicy(PolicyEncoder.encode(cluster.policy()))
                .setInline(EndpointListEncoder.encode(cluster.endpoints()))
                .build();
    }

    private static dev.sidestep.xds.proto.cluster.Cluster standard(TrafficPolicy policy) {
        return dev.sidestep.xds.proto.cluster.Cluster.newBuilder()
                .setConnectTimeout(PolicyEncoder.duration(policy.connectTimeout()))
                .setLbPolicy(PolicyEncoder.standard(policy.balancer()))
                .build();
    }
}
