package dev.sidestep.control.directory;

import static java.util.stream.Collectors.joining;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.index.Change;
import dev.sidestep.control.index.Item;
import dev.sidestep.control.index.ObjectKey;
import dev.sidestep.control.index.SourceListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the manifests in one folder again and again: file events come late on some systems, and not at all on network
 * file systems. A file is parsed when its bytes changed. Files are best replaced by renaming; one that is read half
 * written keeps its last good version until the next look. Confined to {@code owner}, but for {@link #start}.
 */
public final class DirectorySource {
    private static final Set<String> EXTENSIONS = Set.of("yaml", "yml", "json");

    /** A file changed twice within one tick of its clock looks unchanged after the first: young ones are read anyway. */
    private static final Duration YOUNG = Duration.ofSeconds(2);

    private final SerialExecutor owner;
    private final InstantSource wallClock;
    private final Path directory;
    private final Duration interval;
    private final SourceListener listener;

    private final Map<String, Known> files = new TreeMap<>();
    private Map<ObjectKey, Item> served = Map.of();
    private boolean synced;

    /** A file as last read; doubtful if it is to be read and parsed again, however it looks. */
    private static final class Known {
        final Fingerprint fingerprint;
        final byte[] content;
        final boolean doubtful;
        final ManifestFile parsed;

        Known(Fingerprint fingerprint, byte[] content, boolean doubtful, ManifestFile parsed) {
            this.fingerprint = fingerprint;
            this.content = content;
            this.doubtful = doubtful;
            this.parsed = parsed;
        }
    }

    private record Fingerprint(
            Instant modified, long size, @Nullable Object inode) {}

    /**
     * Reads only after {@link #start}.
     *
     * @param wallClock what file times are compared with
     * @param interval from one look to the next
     */
    public DirectorySource(
            SerialExecutor owner, InstantSource wallClock, Path directory, Duration interval, SourceListener listener) {
        this.owner = owner;
        this.wallClock = wallClock;
        this.directory = directory;
        this.interval = interval;
        this.listener = listener;
    }

    /** Begins to look. Any thread, once. */
    public void start() {
        owner.execute(this::look);
    }

    private void look() {
        owner.checkCurrent();
        try {
            read();
        } finally {
            owner.schedule(interval, this::look);
        }
    }

    private void read() {
        List<Path> found;
        try (Stream<Path> list = Files.list(directory)) {
            found = list.filter(DirectorySource::isManifest).toList();
            listener.onProblems(directory.toString(), List.of());
        } catch (IOException | RuntimeException e) {
            listener.onProblems(
                    directory.toString(), List.of(directory + ": cannot be listed (" + reason(e) + "); all stays"));
            return;
        }
        boolean changed = false;
        var names = new TreeSet<String>();
        for (Path file : found) {
            names.add(file.getFileName().toString());
            changed |= readFile(file);
        }
        for (String gone : List.copyOf(files.keySet())) {
            if (!names.contains(gone)) {
                files.remove(gone);
                listener.onProblems(gone, List.of());
                changed = true;
            }
        }
        if (changed) {
            serve();
        }
        if (!synced) {
            synced = true;
            listener.onSynced();
        }
    }

    private static boolean isManifest(Path file) {
        String name = file.getFileName().toString();
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return !name.startsWith(".") && EXTENSIONS.contains(extension) && !Files.isDirectory(file);
    }

    /** Whether what is served of it may have changed. */
    private boolean readFile(Path file) {
        String name = file.getFileName().toString();
        Known before = files.get(name);
        ManifestFile last = before == null ? ManifestFile.EMPTY : before.parsed;
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            Instant modified = attributes.lastModifiedTime().toInstant();
            var fingerprint = new Fingerprint(modified, attributes.size(), attributes.fileKey());
            boolean young = modified.plus(YOUNG).isAfter(wallClock.instant());
            if (before != null && before.fingerprint.equals(fingerprint) && !young && !before.doubtful) {
                return false;
            }
            if (attributes.size() > ManifestFile.MAX_BYTES) {
                throw new IOException("larger than " + (ManifestFile.MAX_BYTES >> 20) + " MiB");
            }
            byte[] content = Files.readAllBytes(file);
            if (content.length == 0 && before != null && before.content.length > 0 && !before.doubtful) {
                // Truncated to be written anew, most likely: believed when it is still empty at the next look.
                files.put(name, new Known(fingerprint, before.content, true, last));
                return false;
            }
            if (before != null && !before.doubtful && Arrays.equals(before.content, content)) {
                files.put(name, new Known(fingerprint, content, false, last));
                return false;
            }
            ManifestFile parsed = ManifestFile.parse(name, decode(content), last);
            files.put(name, new Known(fingerprint, content, false, parsed));
            return true;
        } catch (NoSuchFileException renamedMeanwhile) {
            return false;
        } catch (IOException | RuntimeException e) {
            files.put(name, new Known(new Fingerprint(Instant.MIN, -1, null), new byte[0], true, last));
            listener.onProblems(
                    name, List.of(name + ": cannot be read (" + reason(e) + "); its last good version stays"));
            return false;
        }
    }

    private static String decode(byte[] content) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(content))
                .toString();
    }

    /** The files in the order of their names; of an object that is in several the first counts. */
    private void serve() {
        var next = new LinkedHashMap<ObjectKey, Item>();
        var definedIn = new HashMap<ObjectKey, String>();
        files.forEach((name, known) -> {
            var problems = new ArrayList<>(known.parsed.problems());
            known.parsed.items().forEach((key, item) -> {
                String first = definedIn.putIfAbsent(key, name);
                if (first == null) {
                    next.put(key, item);
                } else {
                    problems.add(name + ": " + key + " is in " + first + " already; this one is ignored");
                }
            });
            listener.onProblems(name, problems);
        });
        var changes = new ArrayList<Change>();
        served.keySet().stream().filter(key -> !next.containsKey(key)).forEach(key -> changes.add(Change.removed(key)));
        next.forEach((key, item) -> {
            if (!item.equals(served.get(key))) {
                changes.add(Change.put(item));
            }
        });
        served = next;
        if (!changes.isEmpty()) {
            listener.onChanges(changes);
        }
    }

    private static String reason(Exception e) {
        String text = Objects.requireNonNullElse(e.getMessage(), "");
        String kind = e instanceof CharacterCodingException
                ? "not UTF-8"
                : e.getClass().getSimpleName();
        return Stream.of(kind, text).filter(part -> !part.isEmpty()).collect(joining(": "));
    }
}
