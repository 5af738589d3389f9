package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.Security;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SidecarProcessTest {
    private static final String NEGATIVE_TTL = "networkaddress.cache.negative.ttl";
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
    void aNameThatWasNotFoundIsLookedUpAnew() {
        String before = Security.getProperty(NEGATIVE_TTL);
        try {
            SidecarProcess.forgetFailedLookups();
            assertThat(Security.getProperty(NEGATIVE_TTL)).isEqualTo("0");
        } finally {
            Security.setProperty(NEGATIVE_TTL, before);
        }
    }

    @Test
    void withoutOneTheDefaultStays() {
        SidecarProcess.setLogLevel(Map.of());
        assertThat(System.getProperty(PROPERTY)).isNull();
    }
}
