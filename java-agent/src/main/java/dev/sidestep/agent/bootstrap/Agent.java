package dev.sidestep.agent.bootstrap;

import java.io.File;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.InvocationTargetException;

/**
 * The first class of the agent that a JVM loads, whatever that JVM is. It never stops one: where the agent cannot run it
 * says so in one line on stderr and returns.
 *
 * <p>Java 8 bytecode without lambdas, logging or state of its own: an exception or a class that is missing here would end
 * the application, or {@code jps}, before they begin.
 */
public final class Agent {
    private static final int OLDEST_JAVA = 17;
    private static final String LOADED = "dev.sidestep.agent.loaded";

    private Agent() {}

    /** Called by the JVM before {@code main}. */
    public static void premain(String arguments, Instrumentation instrumentation) {
        try {
            start(instrumentation);
        } catch (InvocationTargetException e) {
            withoutSidestep("could not start (" + e.getCause() + ")");
        } catch (Throwable e) { // NoClassDefFoundError and the like included: nothing may reach the JVM.
            withoutSidestep("could not start (" + e + ")");
        }
    }

    private static void start(Instrumentation instrumentation) throws Exception {
        int java = javaVersion(System.getProperty("java.specification.version", ""));
        if (java < OLDEST_JAVA) {
            withoutSidestep("Java " + java + " found, " + OLDEST_JAVA + " needed");
            return;
        }
        String tool = jdkTool(System.getProperty("sun.java.command", ""));
        if (!tool.isEmpty()) {
            withoutSidestep(tool + " is a tool of the JDK");
            return;
        }
        // A property and not a static field: a second copy of the jar may come by another loader.
        if (System.setProperty(LOADED, "true") != null) {
            withoutSidestep("loaded twice, the first one stays; this one is");
            return;
        }
        File jar = new File(
                Agent.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        new IsolatedLoader(
                        jar,
                        String.valueOf(Agent.class.getPackage().getImplementationVersion()),
                        ClassLoader.getSystemClassLoader().getParent())
                .loadClass("dev.sidestep.agent.AgentInstaller")
                .getMethod("install", Instrumentation.class)
                .invoke(null, instrumentation);
    }

    /** 8 for "1.8", 17 for "17"; 0 for what is neither. */
    static int javaVersion(String specificationVersion) {
        String digits =
                specificationVersion.startsWith("1.") ? specificationVersion.substring(2) : specificationVersion;
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    /**
     * The name of the JDK's own program that {@code command}, as in {@code sun.java.command}, runs; "" for any other.
     * {@code JAVA_TOOL_OPTIONS} reaches {@code jps} and {@code keytool} as much as the application.
     */
    static String jdkTool(String command) {
        int end = command.indexOf(' ');
        String main = end < 0 ? command : command.substring(0, end);
        int slash = main.indexOf('/');
        String module = slash < 0 ? "" : main.substring(0, slash);
        String name = main.substring(slash + 1);
        if (name.startsWith("com.sun.tools.javac.launcher.")) {
            return ""; // "java Application.java": the compiler's module, the user's program.
        }
        boolean ofModule = module.startsWith("jdk.") || module.startsWith("java.");
        boolean ofJdk = slash < 0
                && (name.startsWith("sun.") || name.startsWith("com.sun.tools.") || name.startsWith("jdk.internal."));
        return ofModule || ofJdk ? name : "";
    }

    private static void withoutSidestep(String reason) {
        System.err.println("sidestep-agent: " + reason + "; running without Sidestep");
    }
}
