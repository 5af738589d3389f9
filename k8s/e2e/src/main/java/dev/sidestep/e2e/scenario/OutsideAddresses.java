package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.Cluster;
import dev.sidestep.e2e.Stage;
import io.fabric8.kubernetes.api.model.LoadBalancerIngressBuilder;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The tutorial's NodePort and LoadBalancer: addresses that are not Sidestep's, and go on to work. */
final class OutsideAddresses {
    private static final int NODE_PORT = 30080;
    private static final Duration CLOUD = Duration.ofSeconds(3);
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final Stage stage;
    private final Cluster cluster;
    private final String namespace;

    OutsideAddresses(Stage stage, String namespace) {
        this.stage = stage;
        this.cluster = stage.cluster();
        this.namespace = namespace;
    }

    void play(String frontend, List<String> backends) throws Exception {
        nodePort(frontend);
        loadBalancer(backends);
    }

    private void nodePort(String frontend) throws InterruptedException {
        String url = "http://" + nodeAddress() + ":" + NODE_PORT + "/";
        String answer;
        try {
            answer = HttpClient.newBuilder()
                    .connectTimeout(LIMIT)
                    .build()
                    .send(HttpRequest.newBuilder(URI.create(url)).timeout(LIMIT).build(), BodyHandlers.ofString())
                    .body()
                    .strip();
        } catch (IOException e) {
            stage.findings().notRun("NodePort from outside, " + url, "this machine does not reach the node: " + e);
            return;
        }
        stage.findings().check("NodePort from outside, " + url, frontend, answer, answer.equals(frontend));
    }

    private void loadBalancer(List<String> pods) throws IOException {
        stage.apply(namespace, "load-balancer.yaml", Map.of());
        String address = assigned().orElseGet(this::assign);
        var client = stage.clients(namespace, Stage.Placement.SIDECAR, Stage.Placement.PLAIN)
                .get(0);
        // kube-proxy needs a moment for its rules.
        String answer = Await.untilPresent("an answer from " + address, LIMIT, () -> {
            Cluster.Output output = client.exec("timeout", "3", "tool", "get", "http://" + address + "/");
            return output.ok() ? Optional.of(output.text()) : Optional.empty();
        });
        stage.findings()
                .check(
                        client.placement() + ", LoadBalancer address " + address,
                        "a backend pod",
                        answer,
                        pods.contains(answer));
    }

    private Service service() {
        return cluster.api()
                .services()
                .inNamespace(namespace)
                .withName("backend")
                .get();
    }

    /** What a cloud gave it, if there is one. */
    private Optional<String> assigned() {
        Await.pause(CLOUD);
        return service().getStatus().getLoadBalancer().getIngress().stream()
                .map(each -> each.getIp() != null ? each.getIp() : each.getHostname())
                .findFirst();
    }

    /** There is no cloud: an address of the node's own network that nobody has. */
    private String assign() {
        String address = nodeAddress().replaceAll("\\.\\d+$", ".200");
        Service updated = new ServiceBuilder(service())
                .editStatus()
                .editOrNewLoadBalancer()
                .withIngress(new LoadBalancerIngressBuilder().withIp(address).build())
                .endLoadBalancer()
                .endStatus()
                .build();
        cluster.api().services().inNamespace(namespace).resource(updated).updateStatus();
        return address;
    }

    private String nodeAddress() {
        return cluster.api().nodes().list().getItems().get(0).getStatus().getAddresses().stream()
                .filter(each -> each.getType().equals("InternalIP"))
                .map(NodeAddress::getAddress)
                .findFirst()
                .orElse("127.0.0.1");
    }
}
