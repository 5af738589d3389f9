package dev.sidestep.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ManifestsTest {
    private static final Path ROOT = Path.of("../..");
    private static final Manifests MANIFESTS = new Manifests(ROOT, Map.of("tool", "registry/e2e-tool:1"));

    @Test
    void theTutorialsManifestsDifferInNothingButTheImage() throws IOException {
        for (String file : new String[] {"backend-deployment.yaml", "frontend-service.yaml"}) {
            String original = Files.readString(ROOT.resolve("k8s/tutorial").resolve(file));
            assertThat(MANIFESTS.tutorial(file).replace("image: registry/e2e-tool:1", "image: nginx:1.25"))
                    .isEqualTo(original);
        }
        assertThat(MANIFESTS.tutorial("backend-deployment.yaml")).contains("image: registry/e2e-tool:1");
    }

    @Test
    void aPlaceWithoutAValueIsAnError() {
        assertThatThrownBy(() -> MANIFESTS.fill("name: ${name}", Map.of())).hasMessage("${name} has no value");
    }

    @Test
    void manifestsAreFilledIn() throws IOException {
        String text = MANIFESTS.read("client.yaml", Map.of("name", "client-plain", "inject", "disabled"));
        Pod pod = Serialization.unmarshal(text, Pod.class);
        assertThat(pod.getMetadata().getName()).isEqualTo("client-plain");
        assertThat(pod.getMetadata().getLabels()).containsEntry("sidestep.dev/inject", "disabled");
        assertThat(pod.getSpec().getContainers().get(0).getImage()).isEqualTo("registry/e2e-tool:1");
    }
}
