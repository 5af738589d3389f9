package dev.sidestep.control.injector;

import dev.sidestep.control.settings.Settings;
import java.util.List;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The sidecar as a native sidecar container, with the redirect before it, or named to the app as its HTTP proxy. */
final class SidecarPlacement {
    static final int PROXY_PORT = 16001;
    static final int ADMIN_PORT = 16000;
    static final int METRICS_PORT = 16020;

    private static final List<String> PROXY_VARIABLES = List.of("http_proxy", "HTTP_PROXY");
    private static final List<String> NO_PROXY_VARIABLES = List.of("no_proxy", "NO_PROXY");

    /** What is never ours, and must not need the sidecar. */
    private static final String NO_PROXY = "localhost,127.0.0.1,::1";

    private SidecarPlacement() {}

    static void apply(Injection injection, Identity identity) {
        boolean redirects = injection.placement() != Placement.PROXY;
        if (redirects) {
            injection.initContainers().add(redirect(injection));
        } else {
            injection.options().containers().forEach(container -> pointToProxy(injection, container));
        }
        injection.initContainers().add(sidecar(injection, identity, redirects));
    }

    private static ObjectNode redirect(Injection injection) {
        PodOptions options = injection.options();
        Settings.Image images = injection.settings().image();
        var container = new Container(OurContainers.initContainer(
                OurContainers.REDIRECT,
                images.reference("sidecar", options.version()),
                images,
                injection.guaranteed()));
        container.node().putArray("command").add("/usr/local/bin/sidestep-redirect");
        addInterception(container, injection);
        addUnlessEmpty(container, "SIDESTEP_INCLUDE_OUTBOUND_PORTS", options.includedPorts());
        container.addEnv("SIDESTEP_PROXY_PORT", String.valueOf(PROXY_PORT));
        container.addEnv("SIDESTEP_PROXY_UID", String.valueOf(OurContainers.USER));
        ObjectNode security = OurContainers.restricted();
        security.put("runAsGroup", 0).put("runAsNonRoot", false).put("runAsUser", 0);
        ((ObjectNode) security.path("capabilities")).putArray("add").add("NET_ADMIN");
        container.node().set("securityContext", security);
        return container.node();
    }

    /** What is taken and what is not; who redirects and who checks that are told the same. */
    private static void addInterception(Container container, Injection injection) {
        PodOptions options = injection.options();
        // Where VIPs are translated before iptables sees them, no call ever goes to a service range.
        container.addEnv(
                "SIDESTEP_INTERCEPT", injection.settings().socketLoadBalancing() ? "all" : options.intercept());
        addUnlessEmpty(
                container,
                "SIDESTEP_SERVICE_RANGES",
                String.join(",", injection.cluster().serviceRanges()));
        addUnlessEmpty(container, "SIDESTEP_EXCLUDE_OUTBOUND_PORTS", options.excludedPorts());
        addUnlessEmpty(container, "SIDESTEP_EXCLUDE_OUTBOUND_IP_RANGES", options.excludedRanges());
    }

    /** The API server drops a value of "", and a second call would put it back. */
    private static void addUnlessEmpty(Container container, String name, String value) {
        if (!value.isEmpty()) {
            container.addEnv(name, value);
        }
    }

    private static ObjectNode sidecar(Injection injection, Identity identity, boolean redirects) {
        PodOptions options = injection.options();
        Settings.Image images = injection.settings().image();
        var container = new Container(
                OurContainers.container(OurContainers.SIDECAR, images.reference("sidecar", options.version()), images));
        container.node().put("restartPolicy", "Always");
        identity.giveTo(container, injection.placement().hasAgent() ? OurContainers.SIDECAR : "");
        if (redirects) {
            // It checks that what should come to it does.
            addInterception(container, injection);
            if (injection.settings().socketLoadBalancing()) {
                container.addEnv("SIDESTEP_SOCKET_LOAD_BALANCING", "true");
            }
            if (injection.placement().hasAgent()) {
                // The agent's calls go past the sidecar by design.
                container.addEnv("SIDESTEP_CHECK_INTERCEPTION", "false");
            }
        }
        container.addEnv("SIDESTEP_LOG_LEVEL", options.sidecar().logLevel());
        resources(container.node(), options.sidecar());
        container.node().set("securityContext", OurContainers.restricted());
        // The app starts when the listener is open, so that no early call is refused; it never waits for more.
        container.node().set("startupProbe", probe(1, 2, 120));
        container.node().set("livenessProbe", probe(10, 5, 6));
        return container.node();
    }

    private static void resources(ObjectNode container, Settings.Sidecar sidecar) {
        ObjectNode resources = container.putObject("resources");
        ObjectNode requests = resources.putObject("requests");
        put(requests, "cpu", sidecar.cpuRequest());
        put(requests, "memory", sidecar.memoryRequest());
        ObjectNode limits = resources.putObject("limits");
        put(limits, "cpu", sidecar.cpuLimit());
        put(limits, "memory", sidecar.memoryLimit());
    }

    private static void put(ObjectNode quantities, String resource, String quantity) {
        if (!quantity.isEmpty()) {
            quantities.put(resource, quantity);
        }
    }

    private static ObjectNode probe(int periodSeconds, int timeoutSeconds, int failures) {
        ObjectNode probe = JsonNodeFactory.instance.objectNode();
        probe.put("failureThreshold", failures);
        probe.putObject("httpGet").put("path", "/healthz").put("port", METRICS_PORT);
        probe.put("periodSeconds", periodSeconds).put("timeoutSeconds", timeoutSeconds);
        return probe;
    }

    private static void pointToProxy(Injection injection, Container container) {
        String proxy = "http://127.0.0.1:" + PROXY_PORT;
        boolean ours = PROXY_VARIABLES.stream()
                .allMatch(name -> container
                        .env(name)
                        .map(variable -> variable.path("value").asString("").equals(proxy))
                        .orElse(false));
        if (!ours && PROXY_VARIABLES.stream().anyMatch(container::mayHave)) {
            injection.note(container.name() + ": http_proxy is set, or may be by envFrom, and stays as it is");
            return;
        }
        PROXY_VARIABLES.forEach(name -> container.addEnv(name, proxy));
        if (NO_PROXY_VARIABLES.stream().noneMatch(container::mayHave)) {
            NO_PROXY_VARIABLES.forEach(name -> container.addEnv(name, NO_PROXY));
        }
    }
}
