package dev.sidestep.xds;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;

/**
 * One resource, encoded once for all streams. Immutable.
 *
 * <p>The bytes are those of a {@code discovery.v3.Resource} without its aliases, which differ by stream, and the {@code
 * Any} within them is what the state-of-the-world variant sends. They are kept as {@code byte[]}: {@code
 * ByteString.writeTo} copies.
 */
public final class EncodedResource {
    private final String typeUrl;
    private final String name;
    private final String version;
    private final byte[] body;
    private final int anyOffset;
    private final int anyLength;

    private EncodedResource(String typeUrl, String name, byte[] value) {
        this.typeUrl = typeUrl;
        this.name = name;
        this.version = hash(value);
        this.anyLength =
                CodedOutputStream.computeStringSize(1, typeUrl) + CodedOutputStream.computeByteArraySize(2, value);
        int beforeAny = CodedOutputStream.computeStringSize(1, version)
                + CodedOutputStream.computeTagSize(2)
                + CodedOutputStream.computeUInt32SizeNoTag(anyLength);
        this.anyOffset = beforeAny;
        this.body = new byte[beforeAny + anyLength + CodedOutputStream.computeStringSize(3, name)];
        try {
            CodedOutputStream out = CodedOutputStream.newInstance(body);
            out.writeString(1, version);
            out.writeTag(2, 2);
            out.writeUInt32NoTag(anyLength);
            out.writeString(1, typeUrl);
            out.writeByteArray(2, value);
            out.writeString(3, name);
            out.checkNoSpaceLeft();
        } catch (IOException notEnoughSpace) {
            throw new UncheckedIOException(notEnoughSpace);
        }
    }

    /** The version is a hash of the message's bytes, so it holds across replicas and restarts. */
    static EncodedResource of(String typeUrl, String name, MessageLite message) {
        return of(typeUrl, name, message.toByteArray());
    }

    static EncodedResource of(String typeUrl, String name, byte[] value) {
        return new EncodedResource(typeUrl, name, value);
    }

    public String typeUrl() {
        return typeUrl;
    }

    public String name() {
        return name;
    }

    public String version() {
        return version;
    }

    /** How many bytes it adds to a response, give or take the few around it. */
    public int size() {
        return body.length;
    }

    /** Equal if a client could not tell them apart. */
    @Override
    public boolean equals(Object other) {
        return other instanceof EncodedResource that && typeUrl.equals(that.typeUrl) && Arrays.equals(body, that.body);
    }

    @Override
    public int hashCode() {
        return version.hashCode();
    }

    @Override
    public String toString() {
        return name + "@" + version;
    }

    byte[] body() {
        return body;
    }

    int anyOffset() {
        return anyOffset;
    }

    int anyLength() {
        return anyLength;
    }

    private static String hash(byte[] value) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(value);
            // 96 bits: versions of one name are compared, by equality; more would only be sent for nothing.
            return Base64.getUrlEncoder().encodeToString(Arrays.copyOf(hash, 12));
        } catch (NoSuchAlgorithmException everyJdkHasIt) {
            throw new IllegalStateException(everyJdkHasIt);
        }
    }
}
