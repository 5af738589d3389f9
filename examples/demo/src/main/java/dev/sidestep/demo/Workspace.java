package dev.sidestep.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder of one run, {@code .sidestep/demo} or, while another run holds that one, {@code .sidestep/demo-2} and so
 * on. It stays after the run: logs, manifests and the picture are for reading.
 */
final class Workspace implements AutoCloseable {
    private final Path folder;
    private final FileLock lock;

    private Workspace(Path folder, FileLock lock) {
        this.folder = folder;
        this.lock = lock;
    }

    static Workspace open(Path home) throws IOException, DemoException {
        Path parent = Files.createDirectories(home.resolve(".sidestep"));
        for (int i = 1; i < 100; i++) {
            String name = i == 1 ? "demo" : "demo-" + i;
            FileChannel channel = FileChannel.open(
                    parent.resolve(name + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            if (lock != null) {
                var workspace = new Workspace(parent.resolve(name), lock);
                workspace.clear();
                return workspace;
            }
            channel.close();
        }
        throw new DemoException("100 demos run in " + parent + " already; stop one");
    }

    private void clear() throws IOException {
        if (Files.exists(folder)) {
            List<Path> old;
            try (Stream<Path> walk = Files.walk(folder)) {
                old = walk.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path each : old) {
                Files.delete(each);
            }
        }
        for (String each : List.of("logs", "manifests", "snapshots")) {
            Files.createDirectories(folder.resolve(each));
        }
    }

    Path path(String name) {
        return folder.resolve(name);
    }

    /** Writes a file so that a reader sees all of it or what was there before. */
    static void replace(Path file, String text) {
        try {
            Path next = file.resolveSibling("." + file.getFileName() + ".next");
            Files.writeString(next, text);
            try {
                Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        lock.acquiredBy().close();
    }
}
