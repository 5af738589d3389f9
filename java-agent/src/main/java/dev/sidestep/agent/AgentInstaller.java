package dev.sidestep.agent;

import dev.sidestep.agent.weave.ClientTransformer;
import dev.sidestep.agent.weave.JavaHttpClient;
import java.lang.instrument.Instrumentation;
import java.util.List;

/** The wiring of the agent, from the JVM's environment to woven clients. */
public final class AgentInstaller {
    private AgentInstaller() {}

    /** Called once by {@code Agent}, before {@code main} and on its thread. */
    public static void install(Instrumentation instrumentation) throws Exception {
        new BootClasses(instrumentation).defineOnBootLoader();
        instrumentation.addTransformer(new ClientTransformer(
                List.of(JavaHttpClient.client()), line -> System.err.println("sidestep-agent: " + line)));
        System.err.println("sidestep-agent: ready on Java " + Runtime.version().feature());
    }
}
