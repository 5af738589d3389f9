package dev.sidestep.cli.images;

import dev.sidestep.cli.images.JavaRuntime.Modules;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A program in an image of its own.
 *
 * @param name of the image
 * @param jar the start of the name of the jar that holds the program; its manifest names the others
 * @param more the start of the name of each further jar
 * @param main its main class
 * @param flags of its JVM
 * @param environment that its JVM needs
 * @param modules of its Java runtime
 * @param without files of that runtime that are left out
 * @param redirects whether its image has what redirects a pod's calls, too
 * @param ports where it listens
 */
record Recipe(
        String name,
        String jar,
        List<String> more,
        String main,
        List<String> flags,
        Map<String, String> environment,
        Modules modules,
        List<String> without,
        boolean redirects,
        List<Integer> ports) {

    /** Of every process of ours, and no name: Kubernetes can see that it is not root. */
    static final String USER = "16001:16001";

    /** Where it lies in its image. */
    static final String HOME = "/opt/sidestep";

    private static final List<String> EVERY_JVM = List.of(
            "-XX:-UsePerfData", // A file in /tmp, which may be read-only.
            "-XX:+UseCompactObjectHeaders",
            "-XX:TrimNativeHeapInterval=1000",
            "-XX:+ExitOnOutOfMemoryError", // The kubelet starts it anew, and says why.
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Djava.library.path=" + HOME + "/native",
            "-Djava.util.logging.config.file=" + HOME + "/logging.properties",
            "-Dio.netty.leakDetection.level=disabled");

    private static final Map<String, String> UNNEEDED = Map.of(
            "java.compiler", "an annotation's",
            "java.desktop", "micrometer's metrics of Log4j, which is not there",
            "java.sql", "adapters of Gson and micrometer for what is not there",
            "jdk.jfr", "events of Netty's allocator, which would cost time at every start");

    /** Small, and soon ready: there is one in every pod. */
    static final Recipe SIDECAR = new Recipe(
            "sidecar",
            "sidestep-sidecar-",
            List.of("slf4j-simple-"),
            "dev.sidestep.sidecar.SidecarProcess",
            with(
                    "-XX:+UseSerialGC",
                    "-Xms4m",
                    "-Xmx24m",
                    "-Xmn2m",
                    "-Xss256k",
                    "-XX:ReservedCodeCacheSize=16m",
                    "-XX:+UnlockDiagnosticVMOptions",
                    "-XX:ArchiveRelocationMode=0", // Else 7 MiB of the archive are this process's own memory.
                    "-Dio.netty.machineId=00:00:00:00:00:00:00:01", // Asked of nobody: it costs a look at every
                    // interface.
                    "-Dio.netty.processId=1"),
            Map.of("MALLOC_ARENA_MAX", "1"),
            new Modules(
                    List.of(
                            "java.base",
                            "java.logging",
                            "java.management",
                            "java.naming",
                            "jdk.management",
                            "jdk.unsupported"),
                    UNNEEDED),
            // The CAs that the world trusts, all 145. It trusts its control plane's alone, but with the first TLS
            // connection the JDK reads them, and keeps them.
            List.of("lib/security/cacerts"),
            true,
            List.of(16000, 16001, 16020));

    /** Its heap is a share of the container's memory limit. */
    static final Recipe CONTROL_PLANE = new Recipe(
            "control-plane",
            "sidestep-control-plane-",
            List.of("sidestep-cli-", "picocli-", "slf4j-simple-"),
            "dev.sidestep.cli.ContainerMain",
            with(
                    "-XX:+UseSerialGC",
                    "-XX:MaxRAMPercentage=60",
                    // What was hot in training would be optimized at its first use: half of the CPU time of a start,
                    // though most of it is not used again. So a method is looked at after 2^10 calls (of 2^7) or
                    // 2^12 loops (of 2^10), and by C2 after 2^17 more (of 2^11) or 2^19 (of 2^14): late, not never.
                    "-XX:Tier0InvokeNotifyFreqLog=10",
                    "-XX:Tier0BackedgeNotifyFreqLog=12",
                    "-XX:Tier2InvokeNotifyFreqLog=17",
                    "-XX:Tier2BackedgeNotifyFreqLog=19"),
            Map.of("MALLOC_ARENA_MAX", "2"),
            new Modules(
                    List.of(
                            "java.base",
                            "java.logging",
                            "java.management",
                            "java.naming",
                            "java.net.http",
                            "java.xml",
                            "jdk.httpserver",
                            "jdk.management",
                            "jdk.unsupported"),
                    UNNEEDED),
            List.of(),
            false,
            List.of(16010, 16012, 16017, 16080));

    /** Of the JVM that runs the demo's programs, with the agent or without. */
    static final Modules EXAMPLES = new Modules(
            List.of(
                    "java.base",
                    "java.instrument",
                    "java.logging",
                    "java.management",
                    "java.naming",
                    "java.net.http",
                    "java.xml",
                    "jdk.httpserver",
                    "jdk.management",
                    "jdk.unsupported"),
            UNNEEDED);

    private static List<String> with(String... flags) {
        return Stream.concat(List.of(flags).stream(), EVERY_JVM.stream()).toList();
    }

    /** Made in training, used from then on. */
    String archive() {
        return HOME + "/" + name + ".aot";
    }

    /** The flags, the class path and the main class. */
    String argumentsFile() {
        return HOME + "/" + name + ".args";
    }

    List<String> entrypoint() {
        return List.of(JavaRuntime.HOME + "/bin/java", "-XX:AOTCache=" + archive(), "@" + argumentsFile());
    }
}
