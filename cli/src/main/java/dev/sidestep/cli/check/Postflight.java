package dev.sidestep.cli.check;

import dev.sidestep.cli.cluster.Forwards;
import dev.sidestep.cli.cluster.Names;
import dev.sidestep.cli.cluster.Replicas;
import dev.sidestep.cli.status.MeshReader;
import dev.sidestep.control.manifest.ManifestException;
import dev.sidestep.control.settings.Settings;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code sidestep check}: does the installation work? */
public final class Postflight {
    private static final int XDS_PORT = 16012;
    private static final int INJECTOR_PORT = 16017;

    private final KubernetesClient client;
    private final Optional<String> namespace;
    private final String cliVersion;
    private final boolean onlyRead;
    private final InstantSource clock;

    /**
     * Looks at nothing yet.
     *
     * @param namespace whose injection and images are tried; empty: {@code default} and ours
     * @param onlyRead whether nothing may be made, not even for a moment
     */
    public Postflight(
            KubernetesClient client,
            Optional<String> namespace,
            String cliVersion,
            boolean onlyRead,
            InstantSource clock) {
        this.client = client;
        this.namespace = namespace;
        this.cliVersion = cliVersion;
        this.onlyRead = onlyRead;
        this.clock = clock;
    }

    /** Looks at everything that there is to look at. */
    public CheckReport run() throws InterruptedException {
        CheckReport rollout = rollout(client);
        List<Finding> findings = new ArrayList<>(rollout.findings());
        try (var replicas = Replicas.open(client);
                var forwards = new Forwards(client)) {
            List<Check> checks = checks(replicas, forwards, findings);
            findings.addAll(CheckReport.of(client, checks).findings());
        } catch (IOException e) {
            if (rollout.passed()) { // Else it is told already why there is nobody to ask.
                findings.add(Finding.failed("replicas", String.valueOf(e.getMessage()), ""));
            }
        }
        return new CheckReport(findings);
    }

    /** Only whether the API server answers and the control plane runs. */
    public static CheckReport rollout(KubernetesClient client) throws InterruptedException {
        return CheckReport.of(client, List.of(new ServerVersion(client), new Rollout(client)));
    }

    private List<Check> checks(Replicas replicas, Forwards forwards, List<Finding> findings)
            throws IOException, InterruptedException {
        List<ReplicaStatus> statuses = new ArrayList<>();
        Map<String, InetSocketAddress> injectors = new LinkedHashMap<>();
        Map<String, InetSocketAddress> secured = new LinkedHashMap<>();
        for (Replicas.Replica replica : replicas.all()) {
            try {
                statuses.add(ReplicaStatus.ask(replica));
            } catch (IOException e) {
                findings.add(Finding.failed("replicas", String.valueOf(e.getMessage()), ""));
                continue;
            }
            InetSocketAddress injector = forwards.open(replica.pod(), Names.SYSTEM_NAMESPACE, INJECTOR_PORT);
            injectors.put(replica.pod(), injector);
            secured.put(replica.pod() + " port " + INJECTOR_PORT, injector);
            secured.put(
                    replica.pod() + " port " + XDS_PORT,
                    forwards.open(replica.pod(), Names.SYSTEM_NAMESPACE, XDS_PORT));
        }
        List<Check> checks = new ArrayList<>();
        if (!statuses.isEmpty()) {
            checks.add(new Serving(statuses, cliVersion));
            checks.add(new Certificates(secured, clock));
        }
        checks.add(new Plaintext(client));
        checks.add(new Webhook(client, injectors));
        checks.add(new InjectionTrial(client, namespace.orElse("default")));
        if (!onlyRead) {
            checks.add(new ImagePull(client, namespace.orElse(Names.SYSTEM_NAMESPACE), image(client)));
        }
        checks.add(labelledPods());
        return checks;
    }

    /**
     * Where the installation's pods get our images.
     *
     * @throws IOException if its configuration cannot be read; for the user
     */
    public static Settings.Image image(KubernetesClient client) throws IOException {
        ConfigMap config = client.configMaps()
                .inNamespace(Names.SYSTEM_NAMESPACE)
                .withName(Names.CONTROL_PLANE)
                .get();
        if (config == null) {
            throw new IOException("there is no ConfigMap " + Names.CONTROL_PLANE + "; helm upgrade sidestep k8s/chart");
        }
        try {
            return Settings.parse(config.getData().getOrDefault("config.yaml", ""))
                    .image();
        } catch (ManifestException e) {
            throw new IOException("ConfigMap " + Names.CONTROL_PLANE + ": " + e.getMessage(), e);
        }
    }

    private Check labelledPods() {
        return new Check() {
            @Override
            public String subject() {
                return "injected pods";
            }

            @Override
            public List<Finding> look() throws IOException, InterruptedException {
                return LabelledPods.judge(new MeshReader(client).read(namespace));
            }
        };
    }
}
