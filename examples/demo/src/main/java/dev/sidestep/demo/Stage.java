package dev.sidestep.demo;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;

/** All that runs in the demo, and the hands that start and stop it. Owned by the story's thread; others only look. */
final class Stage implements Cast {
    static final String FIRST = "frontend-1";
    static final String SECOND = "frontend-2";
    static final List<String> CLIENTS = List.of(FIRST, SECOND);
    private static final int FIRST_POD_PORT = 16101;
    private static final Duration START_LIMIT = Duration.ofMinutes(1);

    private final Ports ports = new Ports();
    private final Layout layout;
    private final Programs programs;
    private final Children children;
    private final Manifests manifests;
    private final Kubelet kubelet;
    private final Observations observations;
    private final HttpClient probing = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(1))
            .build();
    private final List<Pod> pods = new CopyOnWriteArrayList<>();
    private final List<VirtualIp> vips = new CopyOnWriteArrayList<>();
    private final Map<String, Child> running = new ConcurrentHashMap<>();

    Stage(Programs programs, Children children, Manifests manifests, Observations observations) throws DemoException {
        this.layout = Layout.choose(ports);
        this.programs = programs;
        this.children = children;
        this.manifests = manifests;
        this.kubelet = new Kubelet(manifests);
        this.observations = observations;
    }

    Layout layout() {
        return layout;
    }

    @Override
    public SortedMap<String, PodState> pods() {
        SortedMap<String, PodState> states = new TreeMap<>();
        pods.forEach(each -> states.put(each.name(), each.state()));
        return states;
    }

    Pod anyPod() {
        return pods.get(randomBelow(pods.size()));
    }

    Programs programs() {
        return programs;
    }

    void openServices() throws DemoException {
        setMode("balance");
        try {
            vips.add(new VirtualIp(layout.httpVip(), () -> kubelet.ports(Pod::httpPort), Stage::randomBelow));
            vips.add(new VirtualIp(layout.grpcVip(), () -> kubelet.ports(Pod::grpcPort), Stage::randomBelow));
        } catch (IOException e) {
            throw new DemoException("the forwarder cannot listen: " + e.getMessage());
        }
        vips.forEach(VirtualIp::start);
        kubelet.start();
    }

    private static int randomBelow(int bound) {
        return ThreadLocalRandom.current().nextInt(bound);
    }

    void setMode(String mode) {
        manifests.writeServices(layout.httpVip(), layout.grpcVip(), mode);
    }

    Pod startPod() throws DemoException {
        int number = pods.size() + 1;
        int httpPort = ports.next(FIRST_POD_PORT);
        int grpcPort = ports.next(httpPort + 1);
        String name = "backend-" + number;
        var pod = new Pod(name, httpPort, grpcPort, probing, startBackend(name, httpPort, grpcPort));
        pods.add(pod);
        return pod;
    }

    void restart(Pod pod) throws DemoException {
        pod.restartedAs(startBackend(pod.name(), pod.httpPort(), pod.grpcPort()));
    }

    private Child startBackend(String name, int httpPort, int grpcPort) throws DemoException {
        return children.start(
                name, programs.backend(name, httpPort, grpcPort), line -> arrived(name, httpPort, grpcPort, line));
    }

    long admit(Pod pod) throws DemoException, InterruptedException {
        return kubelet.admit(pod);
    }

    void startControlPlane() throws DemoException {
        start("control-plane", programs.controlPlane(layout.xds(), layout.controlPlaneAdmin()));
    }

    /** Whether both data planes are connected within {@code limit}. */
    boolean awaitClients(Duration limit) throws InterruptedException {
        var clients = new ControlPlaneClients(probing, layout.controlPlaneAdmin());
        return Time.await(limit, () -> clients.count() >= CLIENTS.size());
    }

    void startSidecar() throws DemoException {
        start(
                "sidecar",
                programs.sidecar(layout.xds(), layout.proxy(), layout.sidecarAdmin(), layout.sidecarMetrics()));
    }

    void startFrontend(String client, Programs.Placement placement) throws DemoException {
        running.put(
                client,
                children.start(
                        client,
                        programs.frontend(client, layout.httpUrl(), layout.grpcTarget(), placement),
                        line -> called(client, line)));
    }

    private void start(String name, ProcessBuilder command) throws DemoException {
        running.put(name, children.start(name, command, line -> {}));
    }

    /** SIGTERM, and waits: what is under way ends first. */
    void stop(String name) {
        Child child = running.remove(name);
        if (child != null) {
            child.terminate();
            child.awaitExitOrKill(5_000);
        }
    }

    void awaitListening(String name, InetSocketAddress address) throws DemoException, InterruptedException {
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (!accepts(address)) {
            check();
            if (System.nanoTime() - deadline > 0) {
                throw new DemoException(name + " does not listen on " + Programs.text(address) + " after "
                        + START_LIMIT.toSeconds() + " s");
            }
            Thread.sleep(20);
        }
    }

    private static boolean accepts(InetSocketAddress address) {
        try (Socket socket = new Socket()) {
            socket.connect(address, 1_000);
            return true;
        } catch (ConnectException e) {
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    /** Throws if a process ended that nobody told to. */
    @Override
    public void check() throws DemoException {
        List<Child> all = new ArrayList<>(running.values());
        pods.forEach(pod -> all.add(pod.process()));
        for (Child each : all) {
            each.check();
        }
    }

    private void called(String client, String line) {
        String[] fields = line.split("\t", -1);
        if (fields[0].equals("call")) {
            observations.add(Call.parse(client, fields));
        }
    }

    private void arrived(String pod, int httpPort, int grpcPort, String line) {
        String[] fields = line.split("\t", -1);
        if (!fields[0].equals("request") || fields[2].equals("/ready")) {
            return;
        }
        Arrival arrival = Arrival.parse(pod, fields, false);
        int podPort = arrival.http() ? httpPort : grpcPort;
        int peer = Integer.parseInt(fields[5]);
        boolean viaVip = vips.stream().anyMatch(vip -> vip.carried(podPort, peer, arrival.micros()));
        observations.add(viaVip ? Arrival.parse(pod, fields, true) : arrival);
    }
}
