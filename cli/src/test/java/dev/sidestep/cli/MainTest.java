package dev.sidestep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class MainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void everyCommandHelps() {
        for (String command : commandLine().getSubcommands().keySet()) {
            assertThat(run(command, "--help")).as(command).isZero();
            assertThat(out.toString()).contains("Usage: sidestep " + command);
        }
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void aWrongFlagIsOneSentenceThatSaysWhereToReadMore() {
        assertThat(run("demo", "--kepe")).isEqualTo(2);
        assertThat(err.toString().lines())
                .singleElement()
                .isEqualTo("sidestep demo: Unknown option: '--kepe'; see sidestep demo --help");
    }

    @Test
    void aClusterIsForTheDemoOnKubernetesOnly() {
        assertThat(run("demo", "--context", "prod")).isEqualTo(2);
        assertThat(err.toString()).contains("say --kubernetes, too");
    }

    @Test
    void theDemoNamesTheKubeconfigThatIsNotThere() {
        assertThat(run("demo", "--kubernetes", "--kubeconfig", "/nowhere/config"))
                .isEqualTo(1);
        assertThat(err).hasToString("sidestep demo: --kubeconfig /nowhere/config: cannot be read; name another file\n");
    }

    @Test
    void anAddressThatIsNoneIsOneSentence() {
        assertThat(run("sidecar", "--proxy", "16001")).isEqualTo(2);
        assertThat(err.toString().lines()).singleElement().asString().contains("\"16001\" (expected: host:port)");
    }

    @Test
    void noCommandIsAnError() {
        assertThat(run()).isEqualTo(2);
        assertThat(err).hasToString("sidestep: a command is missing; see sidestep --help\n");
    }

    @Test
    void plaintextBeyondLoopbackIsRefusedWithTheFlagThatAllowsIt() {
        assertThat(run("control-plane", "--directory", "/", "--xds", "0.0.0.0:16010"))
                .isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("--allow-plaintext");
    }

    @Test
    void whySaysThatNobodyListens() {
        assertThat(run("why", "backend-service", "--admin", "127.0.0.1:1")).isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .isEqualTo("sidestep why: nothing listens on 127.0.0.1:1;"
                        + " say --admin with the admin port of a running sidecar or control plane");
    }

    @Test
    void anAgentThatWasNotBuiltIsNamedWithTheFix() {
        assertThat(run("agent")).isEqualTo(1);
        assertThat(err.toString()).startsWith("sidestep agent: no sidestep-agent.jar in ");
    }

    @Test
    void completionIsAScript() {
        assertThat(run("completion")).isZero();
        assertThat(out.toString())
                .contains("sidestep")
                .contains("control-plane")
                .contains("complete ");
    }

    private int run(String... arguments) {
        return commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }

    private static CommandLine commandLine() {
        return Main.commandLine(Path.of("/nowhere"));
    }
}
