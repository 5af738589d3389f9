package dev.sidestep.cli.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.control.kube.Clients;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.Requirements;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.readiness.Readiness;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Pods of a real cluster that pretend to be replicas: each serves a page on the admin port of its loopback interface. */
class ReplicasIT {
    private static final String NAMESPACE = "chart-replicas-it";
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private static KubernetesClient client;

    @BeforeAll
    static void twoReplicas() throws IOException {
        client = Clients.connect(Optional.of(Requirements.kubeconfig()), Optional.empty());
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
        replica("one", Names.CONTROL_PLANE_PODS);
        replica("two", Names.CONTROL_PLANE_PODS);
        replica("other", Map.of("app.kubernetes.io/name", "other"));
        Await.until(
                "the pods are ready",
                LIMIT,
                () -> client.pods().inNamespace(NAMESPACE).list().getItems().stream()
                        .allMatch(Readiness::isPodReady));
    }

    @AfterAll
    static void takeThemAway() {
        if (client != null) {
            client.namespaces().withName(NAMESPACE).delete();
            client.close();
        }
    }

    @Test
    void eachReplicaIsAskedThroughTheApiServer() throws Exception {
        try (var replicas = Replicas.open(client, NAMESPACE)) {
            assertThat(replicas.all()).extracting(Replicas.Replica::pod).containsExactly("one", "two");
            for (Replicas.Replica replica : replicas.all()) {
                assertThat(replica.ready()).isTrue();
                assertThat(replica.admin().get("/status").path("version").asString())
                        .isEqualTo(replica.pod());
            }
        }
    }

    @Test
    void aPageThatIsNotThereIsAnErrorThatNamesThePod() throws Exception {
        try (var replicas = Replicas.open(client, NAMESPACE)) {
            AdminPort admin = replicas.all().get(0).admin();
            assertThatThrownBy(() -> admin.get("/nothing"))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("pod " + NAMESPACE + "/one port 16080 answered 404");
        }
    }

    @Test
    void aPortThatNobodyListensOnIsAnErrorThatNamesThePod() throws Exception {
        try (var forwards = new Forwards(client)) {
            AdminPort admin = forwards.adminOf(
                    client.pods().inNamespace(NAMESPACE).withName("one").get(), 16001);
            assertThatThrownBy(() -> admin.get("/status"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("pod " + NAMESPACE + "/one port 16001");
        }
    }

    @Test
    void withoutAReplicaItSaysHowToInstallOne() {
        assertThatThrownBy(() -> Replicas.open(client, "kube-public"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no control plane runs in kube-public")
                .hasMessageContaining(Names.INSTALL);
    }

    private static void replica(String name, Map<String, String> labels) {
        client.resource(new PodBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace(NAMESPACE)
                        .withLabels(labels)
                        .endMetadata()
                        .withNewSpec()
                        .withTerminationGracePeriodSeconds(0L)
                        .addNewContainer()
                        .withName("app")
                        .withImage(Requirements.busyboxImage())
                        .withCommand(
                                "sh",
                                "-c",
                                "mkdir /www; echo '{\"version\": \"" + name + "\"}' > /www/status;"
                                        + " exec httpd -f -p 127.0.0.1:16080 -h /www")
                        .endContainer()
                        .endSpec()
                        .build())
                .create();
    }
}
