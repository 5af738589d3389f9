package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.Pod;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * No replica of the control plane runs, so that kube-proxy refuses connections to its Service with an ICMP message. Linux
 * then reports an error of the socket again and again, until the kernel has given up connecting, seconds later.
 */
class RefusedControlPlaneIT {
    private static final Duration WINDOW = Duration.ofSeconds(5);
    private static final int TICKS_PER_SECOND = 100;

    @Test
    void waitsWithoutWorkForAControlPlaneThatIsRefused() throws Exception {
        try (Pod pod = Pod.create()) {
            InetAddress controlPlane = pod.vip(12);
            pod.rejectOnHost(controlPlane);
            ChildProcess sidecar = pod.start(
                    "sidecar",
                    Map.of("SIDESTEP_CONTROL_PLANE", controlPlane.getHostAddress() + ":16010"),
                    List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            SidecarProcess.class.getName()));
            sidecar.awaitLine("proxy on", Duration.ofSeconds(30));
            new CountDownLatch(1).await(WINDOW.toMillis(), TimeUnit.MILLISECONDS);
            assertThat(ticksOfOwnLoop(sidecar.pid()))
                    .as("CPU of the loop that connects, in %s; 100 is a second", WINDOW)
                    .isLessThan(TICKS_PER_SECOND);
        }
    }

    /** User and system time: fields 14 and 15 of its stat, which begins with the thread's number and name. */
    private static int ticksOfOwnLoop(long pid) throws IOException {
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path task : tasks) {
                String stat = Files.readString(task.resolve("stat"));
                if (stat.contains("(sidestep-own")) {
                    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
                    return Integer.parseInt(fields[11]) + Integer.parseInt(fields[12]);
                }
            }
        }
        throw new AssertionError("process " + pid + " has no such thread");
    }
}
