package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.Jdk;
import dev.sidestep.testkit.Requirements;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** The agent in JVMs of all kinds: it never stops one, and says one line. */
class JvmIT {
    private static final String WITHOUT = "; running without Sidestep";

    @TempDir
    private Path folder;

    private Path agent = AppProcess.AGENT;

    private record Run(int exit, List<String> out, List<String> err) {}

    @BeforeEach
    void writeApplication() throws IOException {
        // A jar: archives are not written for folders of classes.
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(folder.resolve("hello.jar")))) {
            jar.putNextEntry(new ZipEntry("Hello.class"));
            jar.write(hello());
        }
    }

    /** {@code System.out.println("hello")} that Java 8 and later run. */
    private static byte[] hello() {
        ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
        writer.visit(Opcodes.V1_8, Opcodes.ACC_PUBLIC, "Hello", null, "java/lang/Object", null);
        MethodVisitor main = writer.visitMethod(
                Opcodes.ACC_PUBLIC | Opcodes.ACC_STATIC, "main", "([Ljava/lang/String;)V", null, null);
        main.visitCode();
        main.visitFieldInsn(Opcodes.GETSTATIC, "java/lang/System", "out", "Ljava/io/PrintStream;");
        main.visitLdcInsn("hello");
        main.visitMethodInsn(Opcodes.INVOKEVIRTUAL, "java/io/PrintStream", "println", "(Ljava/lang/String;)V", false);
        main.visitInsn(Opcodes.RETURN);
        main.visitMaxs(0, 0);
        main.visitEnd();
        writer.visitEnd();
        return writer.toByteArray();
    }

    private Run run(List<String> command, Map<String, String> environment) throws IOException, InterruptedException {
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("SIDESTEP_CONTROL_PLANE", "127.0.0.1:1");
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), Files.readAllLines(out), Files.readAllLines(err));
    }

    private Run hello(Jdk jdk, String... flags) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(jdk.java().toString()));
        command.addAll(List.of(flags));
        command.addAll(List.of(
                "-javaagent:" + agent, "-cp", folder.resolve("hello.jar").toString(), "Hello"));
        return run(command, Map.of());
    }

    private static void assertRan(Run run) {
        assertThat(run.exit()).as("%s", run).isZero();
        assertThat(run.out()).containsExactly("hello");
    }

    @Test
    void anOldJvmRunsWithoutIt() throws IOException, InterruptedException {
        Run run = hello(Requirements.jdk(11));

        assertRan(run);
        assertThat(run.err()).containsExactly("sidestep-agent: Java 11 found, 17 needed" + WITHOUT);
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 21, 25})
    void saysOneLineOnStderrAndNothingOnStdout(int feature) throws IOException, InterruptedException {
        Run run = hello(Requirements.jdk(feature));

        assertRan(run);
        assertThat(run.err())
                .singleElement()
                .asString()
                .matches("sidestep-agent: \\d.* started on Java " + feature
                        + " for java.net.http, grpc-java; control plane 127.0.0.1:1, namespace default, mode balance");
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aSecondCopyStaysOut(int feature) throws IOException, InterruptedException {
        Run run = hello(Requirements.jdk(feature), "-javaagent:" + agent);

        assertRan(run);
        assertThat(run.err()).hasSize(2).anyMatch(line -> line.contains("loaded twice") && line.endsWith(WITHOUT));
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void disabledItSaysSo(int feature) throws IOException, InterruptedException {
        Run run = hello(Requirements.jdk(feature), "-Dsidestep.enabled=false");

        assertRan(run);
        assertThat(run.err()).containsExactly("sidestep-agent: SIDESTEP_ENABLED is false" + WITHOUT);
    }

    @ParameterizedTest
    @CsvSource({"17,jps", "17,keytool", "25,jps", "25,keytool"})
    void toolsOfTheJdkRunWithoutIt(int feature, String tool) throws IOException, InterruptedException {
        Path program = Requirements.jdk(feature).home().resolve("bin").resolve(tool);
        List<String> command = List.of(program.toString(), "-help");

        int without = run(command, Map.of()).exit();
        Run run = run(command, Map.of("JAVA_TOOL_OPTIONS", "-javaagent:" + agent));

        assertThat(run.exit()).isEqualTo(without);
        assertThat(run.err().stream().filter(line -> line.startsWith("sidestep-agent: ")))
                .singleElement()
                .asString()
                .endsWith("is a tool of the JDK" + WITHOUT);
    }

    /** Where the JVM lets an agent into such a run at all. */
    @ParameterizedTest
    @CsvSource({
        "17,-XX:+UnlockDiagnosticVMOptions -XX:+AllowArchivingWithJavaAgent -XX:ArchiveClassesAtExit=app.jsa",
        "25,-XX:+UnlockDiagnosticVMOptions -XX:+AllowArchivingWithJavaAgent -XX:ArchiveClassesAtExit=app.jsa",
        "25,-XX:AOTMode=record -XX:AOTConfiguration=app.aotconf",
        "25,-XX:AOTCacheOutput=app.aot"
    })
    void aRunThatWritesAnArchiveIsLeftAlone(int feature, String flags) throws IOException, InterruptedException {
        Run run = hello(Requirements.jdk(feature), flags.split(" ", -1));

        assertThat(run.exit()).as("%s", run).isZero();
        assertThat(run.out()).contains("hello");
        assertThat(run.err()).contains("sidestep-agent: this JVM writes a class archive" + WITHOUT);
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void runsAsARandomUserFromAReadOnlyFolder(int feature) throws IOException, InterruptedException {
        Path setpriv = Requirements.program("setpriv");
        Requirements.that(Files.isWritable(Path.of("/proc/1/oom_score_adj")), "not root, so no other user to run as");
        Path readOnly = Files.createDirectory(folder.resolve("read-only"));
        agent = Files.copy(AppProcess.AGENT, readOnly.resolve("sidestep-agent.jar"));
        Files.setPosixFilePermissions(agent, PosixFilePermissions.fromString("r--r--r--"));
        Files.setPosixFilePermissions(readOnly, PosixFilePermissions.fromString("r-xr-xr-x"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));

        Run run = run(
                List.of(
                        setpriv.toString(),
                        "--reuid=1000730000",
                        "--regid=1000730000",
                        "--clear-groups",
                        Requirements.jdk(feature).java().toString(),
                        "-javaagent:" + agent,
                        "-cp",
                        folder.resolve("hello.jar").toString(),
                        "Hello"),
                Map.of());
        Files.setPosixFilePermissions(readOnly, PosixFilePermissions.fromString("rwxr-xr-x"));

        assertRan(run);
        assertThat(run.err()).singleElement().asString().contains("started on Java " + feature);
    }
}
