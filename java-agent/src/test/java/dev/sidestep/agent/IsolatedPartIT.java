package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** The libraries in the shipped jar and the classes of ours that took the place of the JDK's. */
class IsolatedPartIT {
    private static final Path JAR = Path.of("target", "sidestep-agent.jar");
    private static final Set<String> OURS =
            Set.of("dev/sidestep/agent/log/JavaLogger", "dev/sidestep/agent/jdk/Unsafe");

    @Test
    void replacedClassesHaveEveryMethodThatIsCalled() throws IOException {
        Set<String> called = new TreeSet<>();
        Set<String> there = new HashSet<>();
        try (ZipFile jar = new ZipFile(JAR.toFile())) {
            for (ZipEntry entry : classesOf(jar)) {
                try (InputStream in = jar.getInputStream(entry)) {
                    new ClassReader(in).accept(new CallsOf(called, there), ClassReader.SKIP_DEBUG);
                }
            }
        }

        assertThat(called).hasSizeGreaterThan(30);
        assertThat(there).containsAll(called);
    }

    @Test
    void nothingButTheBootstrapPackageCanBeSeenFromOutside() throws IOException {
        try (ZipFile jar = new ZipFile(JAR.toFile())) {
            assertThat(jar.stream().filter(entry -> !entry.isDirectory()).map(ZipEntry::getName))
                    .allMatch(name -> name.startsWith("inst/")
                            || name.startsWith("dev/sidestep/agent/bootstrap/")
                            || name.equals("META-INF/MANIFEST.MF"));
        }
    }

    @Test
    void whatAnyJvmLoadsIsJava8Bytecode() throws IOException {
        try (ZipFile jar = new ZipFile(JAR.toFile())) {
            for (String name : List.of("Agent", "IsolatedLoader")) {
                ZipEntry entry = jar.getEntry("dev/sidestep/agent/bootstrap/" + name + ".class");
                try (InputStream in = jar.getInputStream(entry)) {
                    assertThat(in.readNBytes(8)[7]).as(name).isEqualTo((byte) Opcodes.V1_8);
                }
            }
        }
    }

    private static List<? extends ZipEntry> classesOf(ZipFile jar) {
        Stream<? extends ZipEntry> all = jar.stream();
        return all.filter(entry -> entry.getName().endsWith(".class")).toList();
    }

    private static final class CallsOf extends ClassVisitor {
        private final Set<String> called;
        private final Set<String> there;
        private String owner = "";

        CallsOf(Set<String> called, Set<String> there) {
            super(Opcodes.ASM9);
            this.called = called;
            this.there = there;
        }

        @Override
        public void visit(int version, int access, String name, String signature, String parent, String[] interfaces) {
            owner = name;
        }

        @Override
        public MethodVisitor visitMethod(
                int access, String name, String descriptor, String signature, String[] exceptions) {
            if (OURS.contains(owner)) {
                there.add(owner + "." + name + descriptor);
            }
            return new MethodVisitor(Opcodes.ASM9) {
                @Override
                public void visitMethodInsn(
                        int opcode, String target, String called, String calledDescriptor, boolean ofInterface) {
                    if (OURS.contains(target)) {
                        CallsOf.this.called.add(target + "." + called + calledDescriptor);
                    }
                }
            };
        }
    }
}
