package dev.sidestep.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.sidestep.xds.proto.discovery.Resource;

/** What a client finds in an encoded resource. */
public final class WireForm {
    private WireForm() {}

    /** Any bytes at all, as a server might send them. */
    public static EncodedResource of(String typeUrl, String name, String bytes) {
        return EncodedResource.of(typeUrl, name, ByteString.copyFromUtf8(bytes).toByteArray());
    }

    public static Resource message(EncodedResource resource) {
        try {
            return Resource.parseFrom(resource.body());
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    public static ByteString value(EncodedResource resource) {
        return message(resource).getResource().getValue();
    }
}
