package dev.sidestep.xds;

/** Encodes what a data plane is told of itself. */
public final class SelfEncoder {
    private SelfEncoder() {}

    public static EncodedResource encode(dev.sidestep.model.Self self) {
        return encode(self, "");
    }

    /**
     * With what the client has to trust, which is its connection's business and not the data plane's.
     *
     * @param caBundle CA certificates in PEM; "" if there are none to be told
     */
    public static EncodedResource encode(dev.sidestep.model.Self self, String caBundle) {
        return EncodedResource.of(ResourceType.SELF, ResourceType.SELF_NAME, message(self, caBundle));
    }

    private static dev.sidestep.xds.proto.v1.Self message(dev.sidestep.model.Self self, String caBundle) {
        return dev.sidestep.xds.proto.v1.Self.newBuilder()
                .setNamespace(self.namespace())
                .setNode(self.node())
                .setZone(self.zone())
                .setRegion(self.region())
                .setClusterDomain(self.clusterDomain())
                .addAllServiceRanges(self.serviceRanges())
                .addAllServiceAddresses(self.serviceAddresses())
                .setMode(PolicyEncoder.mode(self.mode()))
                .setCaBundle(caBundle)
                .build();
    }
}
