package dev.sidestep.agent;

import dev.sidestep.agent.log.Log;
import dev.sidestep.agent.weave.Client;
import dev.sidestep.agent.weave.ClientTransformer;
import dev.sidestep.agent.weave.GrpcClient;
import dev.sidestep.agent.weave.JavaHttpClient;
import java.lang.instrument.Instrumentation;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The wiring of the agent, from the JVM's environment to woven clients. */
public final class AgentInstaller {
    private AgentInstaller() {}

    /** Called once by {@code Agent}, before {@code main} and on its thread. */
    public static void install(Instrumentation instrumentation) throws Exception {
        List<Client> all = List.of(JavaHttpClient.client(), GrpcClient.client());
        AgentConfig config = AgentConfig.read(
                System::getenv,
                System::getProperty,
                all.stream().map(Client::name).collect(Collectors.toSet()));
        config.complaints().forEach(Log::line);
        if (!config.enabled()) {
            Log.line("SIDESTEP_ENABLED is false; running without Sidestep");
            return;
        }
        BootClasses classes = new BootClasses(instrumentation);
        if (classes.isArchiveDump()) {
            Log.line("this JVM writes a class archive; running without Sidestep");
            return;
        }
        List<Client> clients = all.stream()
                .filter(client -> !config.disabledClients().contains(client.name()))
                .toList();
        classes.defineOnBootLoader();
        instrumentation.addTransformer(new ClientTransformer(clients, classes::define, Log::line));
        // gRPC and the engine take half a second of loading classes, which no application should wait for.
        String version = version();
        AgentRuntime.daemon(() -> start(config, version), "sidestep-start").start();
        Log.line(version + " started on Java " + Runtime.version().feature() + " for "
                + clients.stream().map(Client::title).collect(Collectors.joining(", ")) + "; control plane "
                + config.controlPlane() + ", namespace " + config.namespace() + ", mode "
                + config.mode().name().toLowerCase(Locale.ROOT));
    }

    private static void start(AgentConfig config, String version) {
        try {
            AgentRuntime.start(config, version);
        } catch (RuntimeException | LinkageError e) {
            Log.line("the engine could not start (" + e + "); running without Sidestep");
        }
    }

    private static String version() {
        @Nullable String version = AgentInstaller.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
