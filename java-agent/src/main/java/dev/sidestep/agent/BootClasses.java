package dev.sidestep.agent;

import java.io.IOException;
import java.io.InputStream;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.security.ProtectionDomain;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Defines classes of ours in loaders that are not ours.
 *
 * <p>The usual way onto the boot loader, appending a jar to its search path, makes the JVM print a warning on stdout and
 * drop the application's shared archive, and needs the jar's other classes hidden from it. Defining the few classes one by
 * one does neither.
 */
final class BootClasses {
    /** Each after those that it extends or implements. */
    static final List<String> NAMES = List.of(
            "Call$Attempt",
            "Call",
            "GrpcTarget$Choice",
            "GrpcTarget$Observed",
            "GrpcTarget$Retries",
            "GrpcTarget",
            "GrpcTarget$Pending",
            "GrpcTarget$Endpoint",
            "EarlyGrpcTarget",
            "Balancer",
            "Bridge",
            "EndpointAddress",
            "Pin$Connecting",
            "Pin",
            "HttpAttempt$State",
            "HttpAttempt",
            "HttpClientHooks$ConnectTimeout",
            "HttpClientHooks");

    private static final List<String> DUMPS = List.of(
            "-XX:ArchiveClassesAtExit",
            "-XX:DumpLoadedClassList",
            "-XX:AOTMode=record",
            "-XX:AOTMode=create",
            "-XX:AOTCacheOutput",
            "-Xshare:dump");

    private static final String PACKAGE = "dev.sidestep.agent.boot.";

    private final Object unsafe;
    private final Method defineClass;

    /** Opens the JDK's own way to define a class to this loader, and to no other. */
    BootClasses(Instrumentation instrumentation) throws ReflectiveOperationException {
        instrumentation.redefineModule(
                Object.class.getModule(),
                Set.of(),
                Map.of("jdk.internal.misc", Set.of(BootClasses.class.getModule())),
                Map.of(),
                Set.of(),
                Map.of());
        Class<?> type = Class.forName("jdk.internal.misc.Unsafe");
        unsafe = type.getMethod("getUnsafe").invoke(null);
        defineClass = type.getMethod(
                "defineClass",
                String.class,
                byte[].class,
                int.class,
                int.class,
                ClassLoader.class,
                ProtectionDomain.class);
    }

    /** Once in a JVM. */
    void defineOnBootLoader() throws ReflectiveOperationException, IOException {
        for (String name : NAMES) {
            define(PACKAGE + name, null, null);
        }
    }

    /** Whether this JVM only runs to write a CDS or AOT archive, into which nothing of ours may get. */
    boolean isArchiveDump() throws ReflectiveOperationException {
        String[] arguments = (String[]) Class.forName("jdk.internal.misc.VM")
                .getMethod("getRuntimeArguments")
                .invoke(null);
        for (String argument : arguments) {
            for (String dump : DUMPS) {
                if (argument.startsWith(dump)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Defines our class {@code name} in {@code loader}, unless it is there; null is the boot loader. */
    void define(String name, @Nullable ClassLoader loader, @Nullable ProtectionDomain domain)
            throws ReflectiveOperationException, IOException {
        byte[] code = codeOf(name);
        try {
            defineClass.invoke(unsafe, name, code, 0, code.length, loader, domain);
        } catch (InvocationTargetException e) {
            if (!(e.getCause() instanceof LinkageError && isDefined(name, loader))) {
                throw new IllegalStateException("cannot define " + name, e.getCause());
            }
        }
    }

    private static boolean isDefined(String name, @Nullable ClassLoader loader) {
        try {
            return Class.forName(name, false, loader).getClassLoader() == loader;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    private static byte[] codeOf(String name) throws IOException {
        String path = name.replace('.', '/') + ".class";
        try (InputStream in = BootClasses.class.getClassLoader().getResourceAsStream(path)) {
            if (in == null) {
                throw new IOException("the agent's jar has no " + path);
            }
            return in.readAllBytes();
        }
    }
}
