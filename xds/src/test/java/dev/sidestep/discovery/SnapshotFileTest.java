package dev.sidestep.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.sidestep.xds.proto.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotFileTest {
    private static final Snapshot SNAPSHOT = snapshot(1, 200);

    @TempDir
    private Path folder;

    private SnapshotFile file;

    @BeforeEach
    void file() {
        file = new SnapshotFile(folder.resolve("snapshot"));
    }

    @Test
    void readsWhatWasWritten() throws Exception {
        assertThat(file.read()).isEmpty();
        file.write(SNAPSHOT, true);
        assertThat(file.read()).contains(SNAPSHOT);
        file.write(Snapshot.getDefaultInstance(), false);
        assertThat(file.read()).contains(Snapshot.getDefaultInstance());
        assertThat(files()).containsExactly("snapshot");
    }

    @Test
    void aFileThatWasCutOffAnywhereIsUnusable() throws IOException {
        byte[] whole = written();
        for (int length = 0; length < whole.length; length++) {
            Files.write(file.path(), Arrays.copyOf(whole, length));
            assertThatThrownBy(file::read)
                    .as("cut off at %d", length)
                    .isInstanceOf(SnapshotFile.UnusableException.class);
        }
        Files.write(file.path(), Arrays.copyOf(whole, whole.length + 1));
        assertThatThrownBy(file::read).isInstanceOf(SnapshotFile.UnusableException.class);
    }

    @Test
    void aFileWithAnyBitTurnedIsUnusable() throws IOException {
        byte[] whole = written();
        for (int bit = 0; bit < whole.length * 8; bit++) {
            whole[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file.path(), whole);
            assertThatThrownBy(file::read).as("bit %d", bit).isInstanceOf(SnapshotFile.UnusableException.class);
            whole[bit / 8] ^= (byte) (1 << bit % 8);
        }
    }

    @Test
    void noiseIsUnusable() throws IOException {
        for (long seed = 0; seed < 2000; seed++) {
            var random = new Random(seed);
            byte[] noise = new byte[random.nextInt(300)];
            random.nextBytes(noise);
            Files.write(file.path(), noise);
            assertThatThrownBy(file::read).as("seed %d", seed).isInstanceOf(SnapshotFile.UnusableException.class);
        }
    }

    @Test
    void aNewerFormSaysSo() throws IOException {
        byte[] whole = written();
        whole[7] = 2;
        Files.write(file.path(), whole);
        assertThatThrownBy(file::read).hasMessage("it is of version 2 (expected: 1)");
    }

    @Test
    void severalWritersAndReadersSeeOnlyWholeFiles() throws Exception {
        file.write(SNAPSHOT, false);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<Void>> done = new ArrayList<>();
            for (int writer = 0; writer < 2; writer++) {
                int marker = writer;
                done.add(threads.submit((Callable<Void>) () -> {
                    for (int i = 0; i < 200; i++) {
                        new SnapshotFile(file.path()).write(snapshot(marker, 50 + i * 20), false);
                    }
                    return null;
                }));
            }
            for (int reader = 0; reader < 2; reader++) {
                done.add(threads.submit((Callable<Void>) () -> {
                    for (int i = 0; i < 400; i++) {
                        assertThat(file.read()).isPresent();
                    }
                    return null;
                }));
            }
            for (Future<Void> one : done) {
                one.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(files()).containsExactly("snapshot");
    }

    @Test
    void aWriteThatFailsLeavesWhatWasThere() throws Exception {
        // A folder that is not empty takes no file's place, as a full disk takes no bytes.
        Files.createDirectories(file.path().resolve("inside"));
        assertThatThrownBy(() -> file.write(SNAPSHOT, true)).isInstanceOf(IOException.class);
        assertThat(files()).containsExactly("snapshot");
        assertThat(file.path().resolve("inside")).isDirectory();
    }

    @Test
    void whatKilledWritersLeftBehindIsRemovedInTime() throws Exception {
        Path left = Files.createFile(folder.resolve("snapshot.123.tmp"));
        Path others = Files.createFile(folder.resolve("unrelated.tmp"));
        file.removeLeftovers(Files.getLastModifiedTime(left).toMillis());
        assertThat(left).as("its writer may still be at it").exists();
        file.removeLeftovers(Files.getLastModifiedTime(left).toMillis() + 1);
        assertThat(left).doesNotExist();
        assertThat(others).exists();
    }

    private byte[] written() throws IOException {
        file.write(SNAPSHOT, true);
        return Files.readAllBytes(file.path());
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(it -> it.getFileName().toString()).toList();
        }
    }

    private static Snapshot snapshot(int marker, int bytes) {
        byte[] value = new byte[bytes];
        new Random(marker).nextBytes(value);
        return Snapshot.newBuilder()
                .setNamespace("default")
                .addEntries(Snapshot.Entry.newBuilder()
                        .setName("backend.default.svc.cluster.local:80")
                        .setValue(ByteString.copyFrom(value))
                        .setHeldAtMillis(1234567890123L))
                .build();
    }
}
