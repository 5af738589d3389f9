package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Calls;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.LoadSpec;
import dev.sidestep.e2e.Stage;
import java.util.List;

/** HTTP calls to an application that itself calls another one; each call crosses two Sidesteps. */
final class Relayed {
    private final Stage stage;
    private final List<LoadClient.Running> loads;

    Relayed(Stage stage, List<LoadClient> clients) {
        this.stage = stage;
        clients.forEach(each -> each.awaitAnswer("http://relay/api", 2));
        this.loads = clients.stream()
                .map(each -> each.start(LoadSpec.http("http://relay/api", 5, 250)))
                .toList();
    }

    void stop() {
        for (LoadClient.Running load : loads) {
            Calls calls = load.stop();
            stage.findings()
                    .check(
                            Loads.name(load) + ", through the application",
                            "0 failed",
                            calls.summary(),
                            calls.failed().size() == 0 && calls.size() > 0);
        }
    }
}
