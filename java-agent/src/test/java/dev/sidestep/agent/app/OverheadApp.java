package dev.sidestep.agent.app;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Makes calls one after the other and prints what one of them costs: {@code URL WARM-UP COUNT}. */
public final class OverheadApp {
    private OverheadApp() {}

    /** Waits a moment first, for the agent's engine to be up. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0])).build();
        long cpuAtMain = cpuNanos();
        Thread.sleep(3000);
        long cpuWhenUp = cpuNanos();
        for (int i = 0; i < Integer.parseInt(arguments[1]); i++) {
            client.send(request, BodyHandlers.discarding());
        }
        int count = Integer.parseInt(arguments[2]);
        List<Long> nanos = new ArrayList<>(count);
        long cpu = cpuNanos();
        for (int i = 0; i < count; i++) {
            long start = System.nanoTime();
            client.send(request, BodyHandlers.discarding());
            nanos.add(System.nanoTime() - start);
        }
        cpu = cpuNanos() - cpu;
        Collections.sort(nanos);
        System.out.println("listening on 0; cpu-ms-at-main=" + cpuAtMain / 1_000_000 + " cpu-ms-when-up="
                + cpuWhenUp / 1_000_000 + " median-us-per-call=" + nanos.get(count / 2) / 1000 + " cpu-us-per-call="
                + cpu / count / 1000);
    }

    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
