package dev.sidestep.xds;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A discovery response, ready to be written: shared bytes of {@link EncodedResource}s, and the few of its own between
 * them. Immutable; one frame may go out on many streams.
 */
public final class Frame {
    /** A stretch of an array that nobody writes to any more. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared; a wrapper would only be taken off again.
    record Part(byte[] array, int offset, int length) {}

    /**
     * A resource in an incremental response.
     *
     * @param aliases the other names that this stream asked for it by
     */
    public record Named(EncodedResource resource, List<String> aliases) {}

    private final List<Part> parts;
    private final int size;

    private Frame(List<Part> parts) {
        this.parts = List.copyOf(parts);
        this.size = parts.stream().mapToInt(Part::length).sum();
    }

    /** A {@code DeltaDiscoveryResponse}. */
    public static Frame delta(String typeUrl, String nonce, List<Named> resources, List<String> removed) {
        var writer = new Writer();
        for (Named named : resources) {
            byte[] body = named.resource().body();
            int aliases = named.aliases().stream()
                    .mapToInt(alias -> CodedOutputStream.computeStringSize(4, alias))
                    .sum();
            writer.head(2, body.length + aliases);
            writer.shared(body, 0, body.length);
            named.aliases().forEach(alias -> writer.string(4, alias));
        }
        writer.string(4, typeUrl);
        writer.string(5, nonce);
        removed.forEach(name -> writer.string(6, name));
        return writer.done();
    }

    /** A {@code DiscoveryResponse}. */
    public static Frame stateOfTheWorld(String typeUrl, String version, String nonce, List<EncodedResource> resources) {
        var writer = new Writer();
        writer.string(1, version);
        for (EncodedResource resource : resources) {
            writer.head(2, resource.anyLength());
            writer.shared(resource.body(), resource.anyOffset(), resource.anyLength());
        }
        writer.string(4, typeUrl);
        writer.string(5, nonce);
        return writer.done();
    }

    /** Bytes on the wire, without gRPC's and HTTP/2's. */
    public int size() {
        return size;
    }

    List<Part> parts() {
        return parts;
    }

    private static final class Writer {
        private final List<Part> parts = new ArrayList<>();
        private final ByteArrayOutputStream own = new ByteArrayOutputStream();
        private final CodedOutputStream coded = CodedOutputStream.newInstance(own, 256);

        void head(int field, int length) {
            try {
                coded.writeTag(field, 2);
                coded.writeUInt32NoTag(length);
            } catch (IOException neverFromMemory) {
                throw new UncheckedIOException(neverFromMemory);
            }
        }

        void string(int field, String value) {
            try {
                coded.writeString(field, value);
            } catch (IOException neverFromMemory) {
                throw new UncheckedIOException(neverFromMemory);
            }
        }

        void shared(byte[] array, int offset, int length) {
            cut();
            parts.add(new Part(array, offset, length));
        }

        Frame done() {
            cut();
            return new Frame(parts);
        }

        private void cut() {
            try {
                coded.flush();
            } catch (IOException neverFromMemory) {
                throw new UncheckedIOException(neverFromMemory);
            }
            if (own.size() > 0) {
                parts.add(new Part(own.toByteArray(), 0, own.size()));
                own.reset();
            }
        }
    }
}
