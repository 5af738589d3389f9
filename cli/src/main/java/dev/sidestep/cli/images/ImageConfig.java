package dev.sidestep.cli.images;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an engine does with an image.
 *
 * @param entrypoint the program and its first arguments
 * @param environment set over the base's
 * @param user numeric, {@code uid:gid}, so that {@code runAsNonRoot} can be checked before it runs
 * @param ports that it listens on, for people to read
 * @param labels who made it
 */
record ImageConfig(
        List<String> entrypoint,
        Map<String, String> environment,
        String user,
        List<Integer> ports,
        Map<String, String> labels) {

    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    /** The image's configuration as JSON, of an image with {@code layers} over those of {@code base}. */
    String toJson(Base base, List<Layer> layers) {
        var config = new JsonObject();
        Map<String, String> variables = new TreeMap<>(base.environment());
        variables.putAll(environment);
        config.add(
                "Env",
                strings(variables.entrySet().stream()
                        .map(each -> each.getKey() + "=" + each.getValue())
                        .toList()));
        config.add("Entrypoint", strings(entrypoint));
        config.addProperty("User", user);
        config.addProperty("WorkingDir", "/");
        var exposed = new JsonObject();
        ports.stream().sorted().forEach(port -> exposed.add(port + "/tcp", new JsonObject()));
        config.add("ExposedPorts", exposed);
        var labelled = new JsonObject();
        new TreeMap<>(labels).forEach(labelled::addProperty);
        config.add("Labels", labelled);

        var rootfs = new JsonObject();
        rootfs.addProperty("type", "layers");
        rootfs.add("diff_ids", strings(layers.stream().map(Layer::diffId).toList()));
        var history = new JsonArray();
        for (Layer layer : layers) {
            var line = new JsonObject();
            line.addProperty("created", RootFs.TIME.toString());
            line.addProperty("created_by", layer.title());
            history.add(line);
        }
        var image = new JsonObject();
        image.addProperty("architecture", "amd64");
        image.addProperty("os", "linux");
        image.addProperty("created", RootFs.TIME.toString());
        image.add("config", config);
        image.add("rootfs", rootfs);
        image.add("history", history);
        return GSON.toJson(image);
    }

    static JsonArray strings(List<String> values) {
        var array = new JsonArray();
        values.forEach(array::add);
        return array;
    }

    static String json(JsonElement element) {
        return GSON.toJson(element);
    }
}
