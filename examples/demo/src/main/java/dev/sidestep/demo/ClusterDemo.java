package dev.sidestep.demo;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.PrintStream;
import java.util.List;
import java.util.SortedMap;

/** The demo in a cluster where Sidestep is installed. */
final class ClusterDemo implements Production {
    private final DemoOptions options;
    private final ClusterStage stage;
    private final Observations observations;
    private final SortedMap<String, String> placements;
    private final PrintStream out;

    ClusterDemo(
            DemoOptions options,
            ClusterStage stage,
            Observations observations,
            SortedMap<String, String> placements,
            PrintStream out) {
        this.options = options;
        this.stage = stage;
        this.observations = observations;
        this.placements = placements;
        this.out = out;
    }

    @Override
    public Cast cast() {
        return stage;
    }

    @Override
    public List<String> greeting() {
        return List.of(
                "Sidestep " + options.version() + " demo at "
                        + stage.namespace().server() + ", about a minute and a half.",
                "All of it lies in namespace " + name()
                        + ", which it removes at its end and on Ctrl-C; after"
                        + " anything worse: kubectl delete namespace "
                        + name());
    }

    @Override
    public Facts tell(Screen screen) throws DemoException, InterruptedException {
        return new ClusterStory(stage, observations, screen, placements).tell();
    }

    @Override
    public List<Promise> promises(Facts facts) {
        return new Judgement(facts, observations, ClusterStory.clients()).inACluster();
    }

    @Override
    public List<String> commands() {
        return List.of("./sidestep status -n " + name(), "./sidestep why backend-service -n " + name());
    }

    @Override
    public String kept() {
        return "Everything stays up in namespace " + name() + ". Ctrl-C removes it.";
    }

    private String name() {
        return stage.namespace().name();
    }

    /** One at a time: whoever comes second, the story or a Ctrl-C, leaves the connection to the first. */
    @Override
    public synchronized void close() {
        String left = "; kubectl delete namespace " + name();
        try {
            if (stage.close()) {
                out.println("Removing namespace " + name());
                out.flush();
                if (!stage.namespace().awaitRemoval()) {
                    out.println("It is not gone yet; Kubernetes goes on removing it");
                }
            }
        } catch (KubernetesClientException e) {
            out.println("Namespace " + name() + " is not removed (" + e.getMessage() + ")" + left);
        }
        out.flush();
    }
}
