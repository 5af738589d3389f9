package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SidecarProcessTest {
    private static final String PROPERTY = "org.slf4j.simpleLogger.defaultLogLevel";

    @AfterEach
    void forget() {
        System.clearProperty(PROPERTY);
    }

    @Test
    void theLevelOfTheEnvironmentIsThatOfTheLog() {
        SidecarProcess.setLogLevel(Map.of("SIDESTEP_LOG_LEVEL", " DEBUG "));
        assertThat(System.getProperty(PROPERTY)).isEqualTo("debug");
    }

    @Test
    void aWrongLevelCountsAsNone() {
        SidecarProcess.setLogLevel(Map.of("SIDESTEP_LOG_LEVEL", "loud"));
        assertThat(System.getProperty(PROPERTY)).isNull();
    }

    @Test
    void withoutOneTheDefaultStays() {
        SidecarProcess.setLogLevel(Map.of());
        assertThat(System.getProperty(PROPERTY)).isNull();
    }
}
