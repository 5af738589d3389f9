package dev.sidestep.agent.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AgentTest {
    @Test
    void versionsReadInBothSpellings() {
        assertThat(Agent.javaVersion("1.8")).isEqualTo(8);
        assertThat(Agent.javaVersion("11")).isEqualTo(11);
        assertThat(Agent.javaVersion("25")).isEqualTo(25);
        assertThat(Agent.javaVersion("")).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdk.jcmd/sun.tools.jps.Jps -l",
                "java.base/sun.security.tools.keytool.Main -list",
                "jdk.compiler/com.sun.tools.javac.Main A.java",
                "sun.tools.jps.Jps",
                "com.sun.tools.javac.Main A.java"
            })
    void toolsOfTheJdkAreKnown(String command) {
        assertThat(Agent.jdkTool(command)).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "com.example.Main",
                "/app/app.jar --port 80",
                "com.example/com.example.Main",
                "jdk.compiler/com.sun.tools.javac.launcher.Main Application.java",
                "jdk.compiler/com.sun.tools.javac.launcher.SourceLauncher Application.java"
            })
    void applicationsAreNoTools(String command) {
        assertThat(Agent.jdkTool(command)).isEmpty();
    }
}
