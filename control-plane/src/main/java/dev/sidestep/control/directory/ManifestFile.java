package dev.sidestep.control.directory;

import dev.sidestep.control.index.Item;
import dev.sidestep.control.index.ObjectKey;
import dev.sidestep.control.manifest.Field;
import dev.sidestep.control.manifest.ManifestException;
import dev.sidestep.control.manifest.ManifestParser;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * One file of manifests, at one moment: YAML documents, or JSON, which is YAML too.
 *
 * @param items what is served of it; where a document is bad, as it last was good
 * @param problems one line for each bad document
 */
record ManifestFile(Map<ObjectKey, Item> items, List<String> problems) {
    static final ManifestFile EMPTY = new ManifestFile(Map.of(), List.of());

    /** No manifest is that long; the bound is there against a wrong file. */
    static final int MAX_BYTES = 64 << 20;

    /** @param line where it starts in the file, from 1 */
    private record Document(String text, int line) {}

    /** The file {@code name} with {@code content}, which before was {@code previous}. */
    static ManifestFile parse(String name, String content, ManifestFile previous) {
        return new Reading(name, previous).read(content);
    }

    /**
     * The documents, apart. A line that starts with three dashes starts a document wherever it stands (YAML 1.2 §9.1.2),
     * so one that cannot be parsed does not take the others with it.
     */
    private static List<Document> split(String content) {
        var documents = new ArrayList<Document>();
        var text = new StringBuilder();
        int start = 1;
        int number = 0;
        for (String line : content.split("\n", -1)) {
            number++;
            boolean marker = line.startsWith("---") && (line.length() == 3 || Character.isWhitespace(line.charAt(3)));
            if (marker || line.stripTrailing().equals("...")) {
                documents.add(new Document(text.toString(), start));
                text.setLength(0);
                start = number;
                text.append(marker ? "   " + line.substring(3) : "").append('\n');
            } else {
                text.append(line).append('\n');
            }
        }
        documents.add(new Document(text.toString(), start));
        return documents;
    }

    /** One pass over one file. */
    private static final class Reading {
        private final String name;
        private final ManifestFile previous;
        private final Map<ObjectKey, Item> items = new LinkedHashMap<>();
        private final Set<ObjectKey> bad = new HashSet<>();
        private final List<String> problems = new ArrayList<>();
        private boolean somethingUnknownIsBad;

        Reading(String name, ManifestFile previous) {
            this.name = name;
            this.previous = previous;
        }

        ManifestFile read(String content) {
            int number = 0;
            for (Document document : split(content)) {
                String where = name + ", document " + (number + 1) + " (line " + document.line() + ")";
                try {
                    Object loaded = load(document);
                    if (loaded != null) {
                        number++;
                        readManifest(where, new Field("", loaded));
                    }
                } catch (ManifestException unreadable) {
                    number++;
                    somethingUnknownIsBad = true;
                    report(where, unreadable, !previous.items().isEmpty());
                }
            }
            keepLastGood();
            return new ManifestFile(items, problems);
        }

        private static @Nullable Object load(Document document) throws ManifestException {
            LoadSettings settings = LoadSettings.builder()
                    .setAllowDuplicateKeys(false)
                    .setCodePointLimit(MAX_BYTES)
                    .build();
            try {
                return new Load(settings).loadFromString(document.text());
            } catch (MarkedYamlEngineException e) {
                int line = e.getProblemMark()
                        .map(mark -> document.line() + mark.getLine())
                        .orElse(document.line());
                throw new ManifestException("line " + line + ": " + oneLine(String.valueOf(e.getProblem())));
            } catch (YamlEngineException e) {
                throw new ManifestException(oneLine(String.valueOf(e.getMessage())));
            }
        }

        private void readManifest(String where, Field manifest) {
            Optional<ObjectKey> key = Optional.empty();
            try {
                if (manifest.get("kind").string("").equals("List")) {
                    for (Field item : manifest.get("items").items()) {
                        readManifest(where, item);
                    }
                    return;
                }
                key = ManifestParser.key(manifest);
                if (key.isEmpty()) {
                    return;
                }
                if (items.containsKey(key.get()) || bad.contains(key.get())) {
                    throw new ManifestException("is in this file twice; this one is ignored");
                }
                items.put(key.get(), ManifestParser.parse(key.get(), manifest));
            } catch (ManifestException wrong) {
                boolean known = key.isPresent() && !items.containsKey(key.get());
                if (known) {
                    bad.add(key.get());
                } else if (key.isEmpty()) {
                    somethingUnknownIsBad = true;
                }
                String object = key.map(found -> found + ": ").orElse("");
                report(
                        where + ": " + object.stripTrailing(),
                        wrong,
                        key.map(found -> known && previous.items().containsKey(found))
                                .orElse(false));
            }
        }

        private void keepLastGood() {
            previous.items().forEach((key, item) -> {
                // Which object an unreadable document was is anybody's guess: all that is missing may be it.
                if (bad.contains(key) || somethingUnknownIsBad) {
                    items.putIfAbsent(key, item);
                }
            });
        }

        private void report(String where, ManifestException wrong, boolean lastGood) {
            String colon = where.endsWith(":") ? " " : ": ";
            problems.add(where + colon + wrong.getMessage() + (lastGood ? "; its last good version stays" : ""));
        }

        private static String oneLine(String text) {
            return text.strip().replaceAll("\\s*\\R\\s*", " ");
        }
    }
}
