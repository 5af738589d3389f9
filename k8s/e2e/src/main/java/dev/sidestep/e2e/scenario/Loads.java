package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.CallRecord;
import dev.sidestep.e2e.Calls;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.LoadSpec;
import dev.sidestep.e2e.Stage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The usual load of a scenario, 500 calls a second from each client: half HTTP/1.1, every fourth a POST, half gRPC. */
final class Loads {
    private static final int PER_SECOND = 250;
    private static final int CONNECTIONS = 5;

    private final List<LoadClient.Running> running = new ArrayList<>();

    /**
     * Starts it once the clients know the pods.
     *
     * @param pods how many stand behind {@code backend}
     */
    static Loads start(List<LoadClient> clients, String backend, int pods) {
        var loads = new Loads();
        for (LoadClient client : clients) {
            client.awaitAnswer("http://" + backend + "/api", pods);
            loads.running.add(client.start(LoadSpec.http("http://" + backend + "/api", CONNECTIONS, PER_SECOND)
                    .withPostEvery(4)));
            loads.running.add(client.start(LoadSpec.grpc(backend + ":81", PER_SECOND)));
        }
        return loads;
    }

    Map<LoadClient.Running, Calls> stop() {
        Map<LoadClient.Running, Calls> calls = new LinkedHashMap<>();
        running.forEach(each -> calls.put(each, each.stop()));
        return calls;
    }

    /** Stops, and finds that no call failed; those of clients without Sidestep are figures to compare with. */
    Map<LoadClient.Running, Calls> stopAndExpectNoFailure(Stage stage) {
        Map<LoadClient.Running, Calls> all = stop();
        all.forEach((load, calls) -> {
            String what = name(load);
            if (load.client().placement().startsWith("plain")) {
                stage.findings().figure(what, calls.summary());
            } else {
                stage.findings()
                        .check(what, "0 failed", calls.summary(), calls.failed().size() == 0 && calls.size() > 0);
            }
        });
        return all;
    }

    /** As {@link #stopAndExpectNoFailure}, of what may be sent twice without harm; the rest is a figure. */
    Map<LoadClient.Running, Calls> stopAndExpectNoSafeFailure(Stage stage) {
        Map<LoadClient.Running, Calls> all = stop();
        all.forEach((load, calls) -> {
            Calls safe = calls.only(CallRecord::isSafe);
            boolean http = load.spec().protocol().equals("http");
            if (http && !load.client().placement().startsWith("plain")) {
                stage.findings()
                        .check(
                                name(load) + ", safe requests",
                                "0 failed",
                                safe.summary(),
                                safe.failed().size() == 0 && safe.size() > 0);
            } else if (http) {
                stage.findings().figure(name(load) + ", safe requests", safe.summary());
            }
            Calls others = calls.only(each -> !each.isSafe());
            stage.findings().figure(name(load) + (http ? ", POST" : ""), others.summary());
        });
        return all;
    }

    static String name(LoadClient.Running load) {
        return load.client().placement() + ", " + load.spec().protocol();
    }
}
