package dev.sidestep.discovery;

import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.sidestep.xds.proto.snapshot.Snapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * A snapshot on disk: {@code SDSN}, the form's version, the length and the checksum of what follows, the message. Replaced
 * whole: a reader finds the one or the other, also when several processes write. Any thread.
 */
final class SnapshotFile {
    /** What is in the file is no snapshot that can be used. */
    static final class UnusableException extends Exception {
        private static final long serialVersionUID = 1L;

        UnusableException(String reason) {
            super(reason);
        }
    }

    private static final int MAGIC = 0x5344534E; // SDSN
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 16;

    /** Far more than any process asks for; what is bigger is not ours. */
    private static final long MAX_BYTES = 64 << 20;

    private final Path path;

    SnapshotFile(Path path) {
        this.path = path;
    }

    Path path() {
        return path;
    }

    /** What was written last; empty if nothing was. */
    Optional<Snapshot> read() throws IOException, UnusableException {
        ByteBuffer file;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < HEADER_BYTES || size > MAX_BYTES) {
                throw new UnusableException("it has " + size + " bytes");
            }
            file = ByteBuffer.allocate((int) size);
            while (file.hasRemaining() && channel.read(file) >= 0) {
                // Until all of it is read.
            }
        } catch (NoSuchFileException nothingWritten) {
            return Optional.empty();
        }
        return Optional.of(parse(file.flip()));
    }

    private static Snapshot parse(ByteBuffer file) throws UnusableException {
        if (file.remaining() < HEADER_BYTES || file.getInt() != MAGIC) {
            throw new UnusableException("it is not a Sidestep snapshot");
        }
        int version = file.getInt();
        if (version != VERSION) {
            throw new UnusableException("it is of version " + version + " (expected: " + VERSION + ")");
        }
        int length = file.getInt();
        int checksum = file.getInt();
        if (length != file.remaining() || checksum != checksum(file.duplicate())) {
            throw new UnusableException("it is damaged");
        }
        try {
            return Snapshot.parseFrom(file, ExtensionRegistryLite.getEmptyRegistry());
        } catch (InvalidProtocolBufferException e) {
            throw new UnusableException("it is damaged: " + e.getMessage());
        }
    }

    /**
     * Replaces the file.
     *
     * @param durable whether it has to be on the disk, and not only on its way, before it takes the other's place. One that
     *     only says that the other still holds need not be: a file torn by a power cut is found out by its checksum
     */
    void write(Snapshot snapshot, boolean durable) throws IOException {
        Path folder = path.toAbsolutePath().getParent();
        if (folder == null) {
            throw new IOException(path + " is no file");
        }
        Files.createDirectories(folder);
        Path temporary = Files.createTempFile(folder, temporaryPrefix(), ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = bytes(snapshot);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                if (durable) {
                    channel.force(true);
                }
            }
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Removes what writers left behind that were killed while they wrote. */
    void removeLeftovers(long olderThanMillis) throws IOException {
        Path folder = path.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                String name = file.getFileName().toString();
                if (name.startsWith(temporaryPrefix())
                        && name.endsWith(".tmp")
                        && Files.getLastModifiedTime(file).toMillis() < olderThanMillis) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private String temporaryPrefix() {
        return path.getFileName() + ".";
    }

    private static ByteBuffer bytes(Snapshot snapshot) {
        byte[] message = snapshot.toByteArray();
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES + message.length);
        bytes.putInt(MAGIC).putInt(VERSION).putInt(message.length).putInt(checksum(ByteBuffer.wrap(message)));
        return bytes.put(message).flip();
    }

    private static int checksum(ByteBuffer message) {
        var checksum = new CRC32C();
        checksum.update(message);
        return (int) checksum.getValue();
    }
}
