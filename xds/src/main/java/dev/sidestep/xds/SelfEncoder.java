package dev.sidestep.xds;

/** Encodes what a data plane is told of itself. */
public final class SelfEncoder {
    private SelfEncoder() {}

    public static EncodedResource encode(dev.sidestep.model.Self self) {
        return EncodedResource.of(ResourceType.SELF, ResourceType.SELF_NAME, message(self));
    }

    private static dev.sidestep.xds.proto.v1.Self message(dev.sidestep.model.Self self) {
        return dev.sidestep.xds.proto.v1.Self.newBuilder()
                .setNamespace(self.namespace())
                .setNode(self.node())
                .setZone(self.zone())
                .setRegion(self.region())
                .setClusterDomain(self.clusterDomain())
                .addAllServiceRanges(self.serviceRanges())
                .addAllServiceAddresses(self.serviceAddresses())
                .setMode(PolicyEncoder.mode(self.mode()))
                .build();
    }
}
