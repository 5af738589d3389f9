package dev.sidestep.agent;

import dev.sidestep.agent.log.Log;
import dev.sidestep.agent.weave.Client;
import dev.sidestep.agent.weave.ClientTransformer;
import dev.sidestep.agent.weave.GrpcClient;
import dev.sidestep.agent.weave.JavaHttpClient;
import java.lang.instrument.Instrumentation;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import javax.management.JMException;
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
        CompletableFuture<AgentRuntime> runtime = new CompletableFuture<>();
        CountDownLatch management = new CountDownLatch(1);
        instrumentation.addTransformer(
                new ClientTransformer(clients, classes::define, management::countDown, Log::line));
        // gRPC and the engine take half a second of loading classes, which no application should wait for.
        String version = version();
        AgentRuntime.daemon(() -> start(config, version, runtime), "sidestep-start")
                .start();
        AgentRuntime.daemon(() -> showInJmx(management, runtime), "sidestep-jmx")
                .start();
        Log.line(version + " started on Java " + Runtime.version().feature() + " for "
                + clients.stream().map(Client::title).collect(Collectors.joining(", ")) + "; control plane "
                + config.controlPlane() + ", namespace " + config.namespace() + ", mode "
                + config.mode().name().toLowerCase(Locale.ROOT));
    }

    private static void start(AgentConfig config, String version, CompletableFuture<AgentRuntime> runtime) {
        try {
            runtime.complete(AgentRuntime.start(config, version));
        } catch (RuntimeException | LinkageError e) {
            runtime.cancel(false);
            Log.line("the engine could not start (" + e + "); running without Sidestep");
        }
    }

    /** Waits until the application or an operator uses JMX: to start it ourselves costs as much as the rest of us. */
    private static void showInJmx(CountDownLatch management, CompletableFuture<AgentRuntime> runtime) {
        try {
            management.await();
            runtime.get().bean().register();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | CancellationException e) {
            return; // Said by the thread that failed.
        } catch (JMException | RuntimeException | LinkageError e) {
            Log.line("no JMX bean (" + e + ")");
        }
    }

    private static String version() {
        @Nullable
        String version = AgentInstaller.class.getPackage().getImplementationVersion(); // From the jar's manifest.
        return version == null ? "development" : version;
    }
}
