package dev.sidestep.control.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.control.index.Change;
import dev.sidestep.control.index.SourceListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DirectorySourceTest implements SourceListener {
    private static final Duration LOOK = Duration.ofMillis(250);

    @TempDir
    @SuppressWarnings("NullAway.Init") // Set by JUnit.
    Path directory;

    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final List<List<Change>> changes = new ArrayList<>();
    private final Map<String, List<String>> problems = new TreeMap<>();
    private int synced;

    @BeforeEach
    void start() {
        // A clock far ahead of every file's time: none is young, so that fingerprints alone decide.
        InstantSource clock = InstantSource.fixed(Instant.parse("2100-01-01T00:00:00Z"));
        new DirectorySource(owner, clock, directory, LOOK, this).start();
    }

    @Override
    public void onChanges(List<Change> batch) {
        changes.add(batch);
    }

    @Override
    public void onSynced() {
        synced++;
    }

    @Override
    public void onListedAgain() {
        throw new AssertionError("nobody asked");
    }

    @Override
    public void onProblems(String origin, List<String> lines) {
        if (lines.isEmpty()) {
            problems.remove(origin);
        } else {
            problems.put(origin, lines);
        }
    }

    private static String service(String name, int port) {
        return "{apiVersion: v1, kind: Service, metadata: {name: " + name + "}, spec: {ports: [{port: " + port
                + "}]}}\n";
    }

    private void write(String name, String content) throws IOException {
        Path written = Files.writeString(directory.resolve(".being-written"), content);
        Files.move(
                written, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private List<String> lastChange() {
        return changes.get(changes.size() - 1).stream()
                .map(change ->
                        (change.item().isPresent() ? "+" : "-") + change.key().name())
                .toList();
    }

    @Test
    void tellsWhatAppearsChangesAndGoesAndNothingElse() throws IOException {
        write("a.yaml", service("one", 80));
        owner.advance(Duration.ZERO);
        assertThat(lastChange()).containsExactly("+one");
        assertThat(synced).isEqualTo(1);

        write("b.json", service("two", 80));
        write("c.txt", service("three", 80));
        owner.advance(LOOK);
        assertThat(lastChange()).containsExactly("+two");

        write("a.yaml", service("one", 81));
        owner.advance(LOOK);
        assertThat(lastChange()).containsExactly("+one");

        Files.delete(directory.resolve("b.json"));
        owner.advance(LOOK);
        assertThat(lastChange()).containsExactly("-two");

        int before = changes.size();
        Files.setLastModifiedTime(directory.resolve("a.yaml"), FileTime.from(Instant.EPOCH));
        owner.advance(LOOK.multipliedBy(10));
        assertThat(changes).hasSize(before);
        assertThat(synced).isEqualTo(1);
    }

    @Test
    void movingAnObjectToAnotherFileIsNoChange() throws IOException {
        write("a.yaml", service("one", 80));
        owner.advance(Duration.ZERO);

        Files.move(directory.resolve("a.yaml"), directory.resolve("b.yaml"));
        owner.advance(LOOK);

        assertThat(changes).hasSize(1);
    }

    @Test
    void believesThatAFileIsEmptyAtTheSecondLook() throws IOException {
        write("a.yaml", service("one", 80));
        owner.advance(Duration.ZERO);

        Files.writeString(directory.resolve("a.yaml"), "");
        owner.advance(LOOK);
        assertThat(changes).hasSize(1);
        owner.advance(LOOK);
        assertThat(lastChange()).containsExactly("-one");
    }

    @Test
    void reportsABadFileUntilItIsMended() throws IOException {
        write("a.yaml", service("one", 80));
        write("b.yaml", service("two", 0));
        owner.advance(Duration.ZERO);
        assertThat(problems).containsOnlyKeys("b.yaml");
        assertThat(lastChange()).containsExactly("+one");

        write("b.yaml", service("two", 80));
        owner.advance(LOOK);
        assertThat(problems).isEmpty();
        assertThat(lastChange()).containsExactly("+two");
    }

    @Test
    void ofAnObjectInTwoFilesTheFirstByNameCounts() throws IOException {
        write("a.yaml", service("one", 80));
        write("b.yaml", service("one", 81));
        owner.advance(Duration.ZERO);

        assertThat(changes).hasSize(1);
        assertThat(problems.get("b.yaml"))
                .containsExactly("b.yaml: Service default/one is in a.yaml already; this one is ignored");
    }

    @Test
    void keepsEverythingWhileTheFolderCannotBeListed() throws IOException {
        write("a.yaml", service("one", 80));
        owner.advance(Duration.ZERO);

        Path elsewhere = directory.resolveSibling(directory.getFileName() + "-elsewhere");
        Files.move(directory, elsewhere);
        owner.advance(LOOK);
        assertThat(changes).hasSize(1);
        assertThat(problems.get(directory.toString()))
                .singleElement()
                .asString()
                .contains("cannot be listed");

        Files.move(elsewhere, directory);
        owner.advance(LOOK);
        assertThat(changes).hasSize(1);
        assertThat(problems).isEmpty();
    }

    @Test
    void reportsAFileThatIsNotText() throws IOException {
        write("a.yaml", service("one", 80));
        owner.advance(Duration.ZERO);

        Files.write(directory.resolve("a.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        owner.advance(LOOK);
        assertThat(problems.get("a.yaml")).singleElement().asString().contains("not UTF-8");
        assertThat(changes).hasSize(1);

        write("a.yaml", service("one", 80));
        owner.advance(LOOK);
        assertThat(problems).isEmpty();
    }
}
