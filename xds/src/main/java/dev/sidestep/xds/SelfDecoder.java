package dev.sidestep.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.ArrayList;
import java.util.List;

/** Decodes what a data plane is told of itself. */
public final class SelfDecoder {
    private SelfDecoder() {}

    /**
     * The self that {@code value} holds.
     *
     * @throws InvalidResourceException for anything that is not a whole and valid one
     */
    public static dev.sidestep.model.Self decode(String resource, ByteString value) throws InvalidResourceException {
        var fields = new Fields(resource);
        dev.sidestep.xds.proto.v1.Self message = message(fields, value);
        List<String> ranges = new ArrayList<>();
        for (String range : message.getServiceRangesList()) {
            ranges.add(fields.range("service_ranges[" + ranges.size() + "]", range));
        }
        List<String> addresses = new ArrayList<>();
        for (String address : message.getServiceAddressesList()) {
            addresses.add(fields.nonEmptyName("service_addresses[" + addresses.size() + "]", address));
        }
        return new dev.sidestep.model.Self(
                namespace(fields, message.getNamespace()),
                fields.name("node", message.getNode()),
                fields.name("zone", message.getZone()),
                fields.name("region", message.getRegion()),
                domain(fields, message.getClusterDomain()),
                ranges,
                addresses,
                PolicyDecoder.mode(message.getMode()));
    }

    /**
     * The CA certificates, in PEM, that {@code value} says to trust from now on; "" if it says none.
     *
     * @throws InvalidResourceException as {@link #decode}
     */
    public static String caBundle(String resource, ByteString value) throws InvalidResourceException {
        return message(new Fields(resource), value).getCaBundle();
    }

    private static dev.sidestep.xds.proto.v1.Self message(Fields fields, ByteString value)
            throws InvalidResourceException {
        try {
            return dev.sidestep.xds.proto.v1.Self.parseFrom(value, ExtensionRegistryLite.getEmptyRegistry());
        } catch (InvalidProtocolBufferException e) {
            throw fields.invalid("", "not a sidestep.v1.Self: " + e.getMessage());
        }
    }

    private static String namespace(Fields fields, String value) throws InvalidResourceException {
        if (value.indexOf('.') >= 0) {
            throw fields.invalid("namespace", value, "one DNS label");
        }
        return fields.nonEmptyName("namespace", value);
    }

    private static String domain(Fields fields, String value) throws InvalidResourceException {
        if (value.startsWith(".") || value.endsWith(".")) {
            throw fields.invalid("cluster_domain", value, "a domain without dots at its ends");
        }
        return fields.nonEmptyName("cluster_domain", value);
    }
}
