package dev.sidestep.cli.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.FreePorts;
import dev.sidestep.testkit.Requirements;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a registry: go-containerregistry's {@code registry}, a process of its own. */
class RegistryIT {
    @TempDir
    Path folder;

    private String address = "";
    private @Nullable ChildProcess registry;

    @BeforeEach
    void start() {
        Path program = Requirements.program("registry");
        int port = FreePorts.next();
        address = "127.0.0.1:" + port;
        registry = ChildProcess.start("registry", List.of(program.toString(), "-port", Integer.toString(port)));
        registry.awaitLine("serving on port", Duration.ofSeconds(20));
    }

    @AfterEach
    void stop() {
        if (registry != null) {
            registry.close();
        }
    }

    @Test
    void whatIsPushedIsThereUnderItsNameWithUserAndEntrypoint() throws Exception {
        String said = push("one", "hello");
        String digest = said.substring(said.indexOf('@') + 1);
        assertThat(said).startsWith("pushed " + address + "/team/greeter:1@sha256:");
        String manifest = get("/v2/team/greeter/manifests/1");
        assertThat(Digests.ofBytes(manifest.getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(digest.substring("sha256:".length()));
        String config = manifest.replaceFirst("(?s).*?\"config\".*?\"(sha256:[0-9a-f]{64})\".*", "$1");
        assertThat(get("/v2/team/greeter/blobs/" + config))
                .contains("\"User\":\"16001:16001\"")
                .contains("\"Entrypoint\":[\"/greet\"]")
                .contains("\"COLOUR=blue\"");
    }

    @Test
    void theSameInputGetsTheSameDigest() throws Exception {
        String first = push("one", "hello");
        assertThat(push("two", "hello")).isEqualTo(first);
        assertThat(push("three", "bye")).isNotEqualTo(first);
    }

    @Test
    void whatWasPushedCanBePulledAsABase() throws Exception {
        push("one", "hello");
        Path archive = folder.resolve("pulled.tar");
        Registry.pull(address + "/team/greeter:1", archive);
        var root = new RootFs(folder.resolve("pulled"));
        Base base = DockerArchive.read(archive, root, Files.createDirectory(folder.resolve("work")));
        assertThat(root.at("/etc/greeting")).hasContent("hello");
        assertThat(base.environment()).containsEntry("COLOUR", "blue");
    }

    @Test
    void aRegistryThatIsAwayIsToldInOneLine() {
        assertThatThrownBy(() -> Registry.pull("127.0.0.1:1/nothing:1", folder.resolve("x")))
                .isInstanceOf(ImageException.class)
                .message()
                .startsWith("127.0.0.1:1/nothing:1: ")
                .doesNotContain("\n");
    }

    private String push(String name, String greeting) throws Exception {
        var root = new RootFs(folder.resolve(name));
        root.settle();
        Base.write(root, "/etc/greeting", greeting);
        root.link("/etc/link", "greeting");
        List<Layer> layers = List.of(root.commit("base", folder.resolve(name + "-layer.tar")));
        var config = new ImageConfig(List.of("/greet"), Map.of("COLOUR", "blue"), Recipe.USER, List.of(), Map.of());
        Destination to = Destination.parse(address + "/team");
        Path archive = folder.resolve(name + ".tar");
        String full = to.name("greeter:1");
        DockerArchive.write(full, config.toJson(Base.SCRATCH, layers), layers, archive);
        return to.take(archive, "greeter", full);
    }

    private String get(String path) throws IOException, InterruptedException {
        HttpResponse<String> response = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://" + address + path))
                                .timeout(Duration.ofSeconds(20))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(200);
        return response.body();
    }
}
