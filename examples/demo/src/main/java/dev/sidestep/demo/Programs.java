package dev.sidestep.demo;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The command lines of all that the demo starts. */
final class Programs {
    /** Small machines and quick starts: nothing here runs long or hot enough to earn more. */
    private static final List<String> SMALL_JVM =
            List.of("-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx96m", "-Xss512k");

    private final Path home;
    private final String java;
    private final Workspace workspace;
    private final boolean nio;

    Programs(Path home, String java, Workspace workspace, boolean nio) {
        this.home = home;
        this.java = java;
        this.workspace = workspace;
        this.nio = nio;
    }

    ProcessBuilder backend(String pod, int httpPort, int grpcPort) {
        return jvm(
                List.of(),
                home.resolve("examples/backend/target/app") + "/*",
                "dev.sidestep.examples.backend.Backend",
                List.of(
                        "--pod",
                        pod,
                        "--http",
                        Integer.toString(httpPort),
                        "--grpc",
                        Integer.toString(grpcPort),
                        "--access-log",
                        "true"));
    }

    /** The same program in every placement: only flags of the JVM and the environment differ. */
    ProcessBuilder frontend(String name, String http, String grpc, Placement placement) throws DemoException {
        ProcessBuilder command = jvm(
                placement.jvmFlags(),
                home.resolve("examples/frontend/target/app") + "/*",
                "dev.sidestep.examples.frontend.Frontend",
                List.of("--name", name, "--http", http, "--grpc", grpc));
        command.environment().putAll(placement.environment());
        return command;
    }

    ProcessBuilder controlPlane(InetSocketAddress xds, InetSocketAddress admin) {
        return sidestep(List.of(
                "control-plane",
                "--directory",
                workspace.path("manifests").toString(),
                "--xds",
                text(xds),
                "--admin",
                text(admin)));
    }

    ProcessBuilder sidecar(
            InetSocketAddress xds, InetSocketAddress proxy, InetSocketAddress admin, InetSocketAddress metrics) {
        ProcessBuilder command = sidestep(List.of(
                "sidecar",
                "--control-plane",
                text(xds),
                "--namespace",
                "default",
                "--proxy",
                text(proxy),
                "--admin",
                text(admin),
                "--metrics",
                text(metrics)));
        command.environment()
                .put(
                        "SIDESTEP_SNAPSHOT_DIR",
                        workspace.path("snapshots/sidecar").toString());
        return command;
    }

    /** How a frontend is placed. */
    record Placement(List<String> jvmFlags, Map<String, String> environment) {
        static Placement without() {
            return new Placement(List.of(), Map.of());
        }

        static Placement behindSidecar(InetSocketAddress proxy) {
            List<String> flags = new ArrayList<>();
            for (String scheme : List.of("http", "https")) {
                flags.add("-D" + scheme + ".proxyHost=" + proxy.getAddress().getHostAddress());
                flags.add("-D" + scheme + ".proxyPort=" + proxy.getPort());
            }
            return new Placement(flags, Map.of());
        }
    }

    Placement withAgent(InetSocketAddress xds) throws DemoException {
        return new Placement(
                List.of("-javaagent:" + AgentJar.in(home)),
                Map.of(
                        "SIDESTEP_CONTROL_PLANE", text(xds),
                        "SIDESTEP_NAMESPACE", "default",
                        "SIDESTEP_SNAPSHOT_DIR",
                                workspace.path("snapshots/agent").toString()));
    }

    private ProcessBuilder sidestep(List<String> arguments) {
        return jvm(
                List.of("-Dsidestep.home=" + home),
                home.resolve("cli/target/sidestep/lib") + "/*",
                "dev.sidestep.cli.Main",
                arguments);
    }

    private ProcessBuilder jvm(List<String> flags, String classPath, String main, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(java);
        command.addAll(SMALL_JVM);
        command.add("-Djdk.net.hosts.file=" + workspace.path("hosts"));
        if (nio) {
            command.add("-Dio.netty.transport.noNative=true");
            command.add("-Dio.grpc.netty.shaded.io.netty.transport.noNative=true");
        }
        command.addAll(flags);
        command.addAll(List.of("-cp", classPath, main));
        command.addAll(arguments);
        var builder = new ProcessBuilder(command);
        // What the user's shell sets for real work is not the demo's.
        builder.environment()
                .keySet()
                .removeIf(each -> each.startsWith("SIDESTEP_") || each.equals("JAVA_TOOL_OPTIONS"));
        return builder;
    }

    static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }
}
