package dev.sidestep.agent;

import dev.sidestep.agent.log.Log;
import dev.sidestep.agent.weave.Client;
import dev.sidestep.agent.weave.ClientTransformer;
import dev.sidestep.agent.weave.JavaHttpClient;
import java.lang.instrument.Instrumentation;
import java.util.List;
import java.util.stream.Collectors;

/** The wiring of the agent, from the JVM's environment to woven clients. */
public final class AgentInstaller {
    private AgentInstaller() {}

    /** Called once by {@code Agent}, before {@code main} and on its thread. */
    public static void install(Instrumentation instrumentation) throws Exception {
        List<Client> all = List.of(JavaHttpClient.client());
        AgentConfig config = AgentConfig.read(
                System::getenv,
                System::getProperty,
                all.stream().map(Client::name).collect(Collectors.toSet()));
        config.complaints().forEach(Log::line);
        if (!config.enabled()) {
            Log.line("SIDESTEP_ENABLED is false; running without Sidestep");
            return;
        }
        List<Client> clients = all.stream()
                .filter(client -> !config.disabledClients().contains(client.name()))
                .toList();
        new BootClasses(instrumentation).defineOnBootLoader();
        instrumentation.addTransformer(new ClientTransformer(clients, Log::line));
        Log.line("started on Java " + Runtime.version().feature() + " for "
                + clients.stream().map(Client::title).collect(Collectors.joining(", ")) + "; control plane "
                + config.controlPlane() + ", namespace " + config.namespace() + ", mode "
                + config.mode().name().toLowerCase(java.util.Locale.ROOT));
    }
}
