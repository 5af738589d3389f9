package dev.sidestep.cli.images;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** The format of {@code docker save}, which every engine loads. */
final class DockerArchive {
    private static final String MANIFEST = "manifest.json";

    private DockerArchive() {}

    /** Writes an image as {@code name}; the answer is its id, {@code sha256:…} of the configuration. */
    static String write(String name, String config, List<Layer> layers, Path archive) throws IOException {
        byte[] configuration = config.getBytes(StandardCharsets.UTF_8);
        String id = Digests.ofBytes(configuration);
        var files = new JsonArray();
        var entry = new JsonObject();
        entry.addProperty("Config", id + ".json");
        entry.add("RepoTags", ImageConfig.strings(List.of(name)));
        Map<String, Path> byName = new LinkedHashMap<>(); // Two layers may be the same.
        for (Layer layer : layers) {
            String file = layer.diffId().replaceFirst("^sha256:", "") + ".tar";
            byName.put(file, layer.file());
            files.add(file);
        }
        entry.add("Layers", files);
        var manifest = new JsonArray();
        manifest.add(entry);
        try (var out = new TarArchiveOutputStream(
                new BufferedOutputStream(Files.newOutputStream(archive), 1 << 16), "UTF-8")) {
            out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            put(out, MANIFEST, ImageConfig.json(manifest).getBytes(StandardCharsets.UTF_8));
            put(out, id + ".json", configuration);
            for (Map.Entry<String, Path> each : byName.entrySet()) {
                out.putArchiveEntry(entry(each.getKey(), Files.size(each.getValue())));
                Files.copy(each.getValue(), out);
                out.closeArchiveEntry();
            }
        }
        return "sha256:" + id;
    }

    private static void put(TarArchiveOutputStream out, String name, byte[] content) throws IOException {
        out.putArchiveEntry(entry(name, content.length));
        out.write(content);
        out.closeArchiveEntry();
    }

    private static TarArchiveEntry entry(String name, long size) {
        var entry = new TarArchiveEntry(name);
        entry.setSize(size);
        entry.setMode(0644);
        entry.setIds(0, 0);
        entry.setNames("", "");
        entry.setModTime(RootFs.TIME);
        return entry;
    }

    /**
     * Unpacks the image in {@code archive} over {@code root}, and keeps its layers in {@code work} as they are.
     *
     * @throws ImageException if it holds no image, or more than one
     */
    static Base read(Path archive, RootFs root, Path work) throws ImageException, IOException {
        Map<String, Path> files = new HashMap<>();
        try (InputStream raw = uncompressed(archive)) {
            var in = new TarArchiveInputStream(raw);
            for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (entry.isFile()) {
                    Path file = Files.createTempFile(work, "base-", ".part");
                    Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
                    files.put(entry.getName().replaceFirst("^[.]/", ""), file);
                }
            }
        }
        try {
            JsonArray images = JsonParser.parseString(text(files, MANIFEST)).getAsJsonArray();
            if (images.size() != 1) {
                throw new ImageException("--base " + archive + ": holds " + images.size() + " images (expected: one)");
            }
            JsonObject image = images.get(0).getAsJsonObject();
            JsonObject config = JsonParser.parseString(
                            text(files, image.get("Config").getAsString()))
                    .getAsJsonObject();
            JsonArray diffIds = config.getAsJsonObject("rootfs").getAsJsonArray("diff_ids");
            List<Layer> layers = new ArrayList<>();
            int index = 0;
            for (JsonElement each : image.getAsJsonArray("Layers")) {
                Path file = Optional.ofNullable(files.get(each.getAsString()))
                        .orElseThrow(
                                () -> new ImageException("--base " + archive + ": its layer " + each + " is missing"));
                layers.add(new Layer("base", file, diffIds.get(index).getAsString()));
                index++;
                try (InputStream tar = uncompressed(file)) {
                    root.unpack(tar);
                }
            }
            root.settle();
            return new Base(layers, environment(config));
        } catch (JsonParseException | IllegalStateException | NullPointerException | IndexOutOfBoundsException e) {
            throw new ImageException(
                    "--base " + archive + ": not an image as docker save writes it (" + e.getMessage() + ")", e);
        }
    }

    private static String text(Map<String, Path> files, String name) throws IOException, ImageException {
        Path file = files.get(name);
        if (file == null) {
            throw new ImageException("--base: the archive has no " + name);
        }
        return Files.readString(file);
    }

    private static Map<String, String> environment(JsonObject image) {
        Map<String, String> variables = new HashMap<>();
        JsonElement config = image.get("config");
        if (config instanceof JsonObject object && object.get("Env") instanceof JsonArray all) {
            all.forEach(each -> {
                String[] parts = each.getAsString().split("=", 2);
                variables.put(parts[0], parts.length > 1 ? parts[1] : "");
            });
        }
        return variables;
    }

    /** Whether {@code archive} is such an archive, and not a root file system. */
    static boolean is(Path archive) throws IOException {
        try (InputStream raw = uncompressed(archive)) {
            var in = new TarArchiveInputStream(raw);
            for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (entry.getName().replaceFirst("^[.]/", "").equals(MANIFEST)) {
                    return true;
                }
            }
            return false;
        }
    }

    /** The content of a file that may be gzipped. */
    static InputStream uncompressed(Path file) throws IOException {
        var in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        in.mark(2);
        boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
        in.reset();
        return gzip ? new BufferedInputStream(new GZIPInputStream(in, 1 << 16), 1 << 16) : in;
    }
}
