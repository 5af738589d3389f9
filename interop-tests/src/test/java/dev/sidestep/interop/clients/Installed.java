package dev.sidestep.interop.clients;

import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.FreePorts;
import dev.sidestep.testkit.SourceTree;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Our programs as the build made them, each as a process of its own: nothing of them is on the tests' class path. */
final class Installed {
    private static final Duration START = Duration.ofSeconds(30);

    private Installed() {}

    /** A control plane and where it listens. */
    record ControlPlane(ChildProcess process, int xdsPort, int adminPort) implements AutoCloseable {
        String xds() {
            return "127.0.0.1:" + xdsPort;
        }

        String admin() {
            return "127.0.0.1:" + adminPort;
        }

        @Override
        public void close() {
            process.close();
        }
    }

    /** A sidecar and where it listens. */
    record Sidecar(ChildProcess process, int proxyPort, int adminPort) implements AutoCloseable {
        String proxy() {
            return "127.0.0.1:" + proxyPort;
        }

        @Override
        public void close() {
            process.close();
        }
    }

    static ControlPlane controlPlane(Path manifests) {
        return controlPlane(manifests, FreePorts.next(), FreePorts.next());
    }

    static ControlPlane controlPlane(Path manifests, int xdsPort, int adminPort) {
        ChildProcess process = sidestep(
                "control-plane",
                List.of(
                        "--directory", manifests.toString(),
                        "--xds", "127.0.0.1:" + xdsPort,
                        "--admin", "127.0.0.1:" + adminPort));
        ControlPlane controlPlane = new ControlPlane(process, xdsPort, adminPort);
        Web.awaitOk(controlPlane.process(), "http://" + controlPlane.admin() + "/readyz", START);
        return controlPlane;
    }

    static Sidecar sidecar(ControlPlane controlPlane) {
        int proxyPort = FreePorts.next();
        int adminPort = FreePorts.next();
        int metricsPort = FreePorts.next();
        ChildProcess process = sidestep(
                "sidecar",
                List.of(
                        "--control-plane", controlPlane.xds(),
                        "--namespace", "default",
                        "--proxy", "127.0.0.1:" + proxyPort,
                        "--admin", "127.0.0.1:" + adminPort,
                        "--metrics", "127.0.0.1:" + metricsPort));
        Web.awaitOk(process, "http://127.0.0.1:" + metricsPort + "/readyz", START);
        return new Sidecar(process, proxyPort, adminPort);
    }

    /** A command of the CLI, running. */
    static ChildProcess run(String command, List<String> options) {
        return sidestep(command, options);
    }

    private static ChildProcess sidestep(String program, List<String> options) {
        Path lib = SourceTree.root()
                .resolve("cli")
                .resolve("target")
                .resolve("sidestep")
                .resolve("lib");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                lib + "/*",
                "dev.sidestep.cli.Main",
                program));
        command.addAll(options);
        return ChildProcess.start(program, command);
    }
}
