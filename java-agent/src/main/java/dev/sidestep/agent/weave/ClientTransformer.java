package dev.sidestep.agent.weave;

import java.io.IOException;
import java.io.InputStream;
import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * Weaves clients as their classes are loaded. Any thread may load a class; every other class of the application passes by
 * at the cost of one look into a map.
 */
public final class ClientTransformer implements ClassFileTransformer {
    /** Loaded when the first MBean server of the JVM is made, and in most applications never. */
    private static final String MBEAN_SERVER = "com/sun/jmx/mbeanserver/JmxMBeanServer";

    private static final String BRIDGE = "dev.sidestep.agent.boot.Bridge";

    private record Target(Client client, Weaving weaving) {}

    private final Map<String, Target> targets = new HashMap<>();
    /** By loader, since two applications in one JVM may bring two versions of a library; guarded by itself. */
    private final Map<ClassLoader, Map<Client, Boolean>> verdicts = new WeakHashMap<>();

    private final HelperLoader helperLoader;
    private final Runnable onManagement;
    private final Consumer<String> log;

    /** Puts a class of ours into a loader of the application. */
    @FunctionalInterface
    public interface HelperLoader {
        /** Does nothing where it is already. */
        void define(String className, ClassLoader loader, @Nullable ProtectionDomain domain)
                throws ReflectiveOperationException, IOException;
    }

    /**
     * @param onManagement runs when the JVM begins to use JMX; it must return at once
     * @param log takes one line for each client that is left alone
     */
    public ClientTransformer(
            List<Client> clients, HelperLoader helperLoader, Runnable onManagement, Consumer<String> log) {
        this.helperLoader = helperLoader;
        this.onManagement = onManagement;
        this.log = log;
        for (Client client : clients) {
            for (Weaving weaving : client.weavings()) {
                targets.put(weaving.className(), new Target(client, weaving));
            }
        }
    }

    @Override
    public byte @Nullable [] transform(
            @Nullable ClassLoader loader,
            @Nullable String className,
            @Nullable Class<?> redefined,
            @Nullable ProtectionDomain domain,
            byte[] code) {
        if (MBEAN_SERVER.equals(className) && loader == null) {
            onManagement.run();
            return null;
        }
        Target target = targets.get(className);
        // Our own gRPC calls the control plane, whose name is a Service's, too.
        if (target == null || loader == null || loader == ClientTransformer.class.getClassLoader()) {
            return null;
        }
        try {
            return fits(target.client(), loader, domain) ? weave(target.weaving(), code) : null;
        } catch (RuntimeException | LinkageError e) {
            log.accept(target.client().title() + ": not balanced, weaving " + className + " failed (" + e + ")");
            return null;
        }
    }

    private boolean fits(Client client, ClassLoader loader, @Nullable ProtectionDomain domain) {
        synchronized (verdicts) {
            Boolean known =
                    verdicts.computeIfAbsent(loader, none -> new HashMap<>()).get(client);
            if (known != null) {
                return known;
            }
        }
        // Not under the lock: this loads classes, for which another thread may hold the loader's.
        String reason = misfit(client, loader);
        if (reason.isEmpty()) {
            reason = helpersMissing(client, loader, domain);
        }
        synchronized (verdicts) {
            Boolean meanwhile =
                    verdicts.computeIfAbsent(loader, none -> new HashMap<>()).putIfAbsent(client, reason.isEmpty());
            if (meanwhile != null) {
                return meanwhile;
            }
        }
        if (!reason.isEmpty()) {
            log.accept(client.title() + ": not balanced, " + reason);
        }
        return reason.isEmpty();
    }

    private String helpersMissing(Client client, ClassLoader loader, @Nullable ProtectionDomain domain) {
        try {
            // A loader that asks no parent for classes it does not know (OSGi) would fail at the first call instead.
            if (Class.forName(BRIDGE, false, loader).getClassLoader() != null) {
                return "its loader has another " + BRIDGE;
            }
            for (String helper : client.helpers()) {
                helperLoader.define(helper, loader, domain);
            }
            return "";
        } catch (ReflectiveOperationException | IOException | RuntimeException | LinkageError e) {
            return "its loader does not take our classes (" + e + ")";
        }
    }

    private static String misfit(Client client, ClassLoader loader) {
        for (Weaving weaving : client.weavings()) {
            try (InputStream in = loader.getResourceAsStream(weaving.className() + ".class")) {
                if (in == null) {
                    return "this version has no " + weaving.className();
                }
                String missing = weaving.missingFrom(membersOf(in.readAllBytes()));
                if (!missing.isEmpty()) {
                    return "this version has no " + weaving.className() + "." + missing;
                }
            } catch (IOException e) {
                return "its " + weaving.className() + " cannot be read (" + e + ")";
            }
        }
        return "";
    }

    private static Set<String> membersOf(byte[] code) {
        Set<String> members = new HashSet<>();
        ClassVisitor collector = new ClassVisitor(Opcodes.ASM9) {
            @Override
            public @Nullable FieldVisitor visitField(
                    int access, String name, String descriptor, @Nullable String signature, @Nullable Object value) {
                members.add(name + ":" + descriptor);
                return null;
            }

            @Override
            public @Nullable MethodVisitor visitMethod(
                    int access,
                    String name,
                    String descriptor,
                    @Nullable String signature,
                    String @Nullable [] exceptions) {
                members.add(name + descriptor);
                return null;
            }
        };
        new ClassReader(code).accept(collector, ClassReader.SKIP_CODE | ClassReader.SKIP_DEBUG);
        return members;
    }

    private static byte[] weave(Weaving weaving, byte[] code) {
        ClassReader reader = new ClassReader(code);
        // Frames are kept as they are: to compute them ASM would load classes of the application.
        ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
        ClassVisitor weaver = new ClassVisitor(Opcodes.ASM9, writer) {
            @Override
            public MethodVisitor visitMethod(
                    int access,
                    String name,
                    String descriptor,
                    @Nullable String signature,
                    String @Nullable [] exceptions) {
                MethodVisitor method = super.visitMethod(access, name, descriptor, signature, exceptions);
                for (Weaving.Hook hook : weaving.hooks()) {
                    if (hook.anyOf().contains(name + descriptor)) {
                        return hook.visitor().apply(method);
                    }
                }
                return method;
            }
        };
        reader.accept(weaver, 0);
        return writer.toByteArray();
    }
}
