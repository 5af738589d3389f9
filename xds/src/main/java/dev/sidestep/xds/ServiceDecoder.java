package dev.sidestep.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.xds.proto.v1.Service;
import java.util.ArrayList;
import java.util.List;

/** Decodes a cluster as our own data planes are told of it. */
public final class ServiceDecoder {
    private ServiceDecoder() {}

    /**
     * The cluster that {@code value} holds.
     *
     * @param resource the resource's name, which the message has to bear too
     * @throws InvalidResourceException for anything that is not a whole and valid one
     */
    public static Cluster decode(String resource, ByteString value) throws InvalidResourceException {
        var fields = new Fields(resource);
        Service message;
        try {
            message = Service.parseFrom(value, ExtensionRegistryLite.getEmptyRegistry());
        } catch (InvalidProtocolBufferException e) {
            throw fields.invalid("", "not a sidestep.v1.Service: " + e.getMessage());
        }
        if (!message.getName().equals(resource)) {
            throw fields.invalid("name", message.getName(), "the resource's name");
        }
        ClusterName name = ClusterName.parse(fields.name("name", message.getName()))
                .orElseThrow(() -> fields.invalid(
                        "name", message.getName(), "<service>.<namespace>.svc." + ClusterName.WIRE_DOMAIN + ":<port>"));
        List<String> addresses = new ArrayList<>();
        for (String address : message.getAddressesList()) {
            addresses.add(fields.hostPort("addresses[" + addresses.size() + "]", address));
        }
        if (!message.hasInline()) {
            throw fields.invalid("endpoints", "in no form that this client knows (expected: inline)");
        }
        return new Cluster(
                name,
                addresses,
                message.getHeadless(),
                PolicyDecoder.decode(fields, message.getCluster(), message.getPolicy()),
                EndpointListDecoder.decode(fields, message.getInline()));
    }
}
