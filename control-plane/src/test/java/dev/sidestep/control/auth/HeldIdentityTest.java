package dev.sidestep.control.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;

class HeldIdentityTest {
    private static final String NAME = "control-plane.sidestep-system.svc";

    private final SecureRandom random = new SecureRandom();

    private ServerIdentity selfMade() {
        return HeldIdentity.selfMade(
                Set.of(NAME), Set.of(InetAddress.getLoopbackAddress()), InstantSource.system(), random);
    }

    @Test
    void aClientThatTrustsTheBundleBelievesTheServerByNameAndByAddress() throws Exception {
        ServerIdentity identity = selfMade();
        for (String protocol : List.of("TLSv1.2", "TLSv1.3")) {
            for (String host : List.of(NAME, "127.0.0.1")) {
                assertThat(Handshake.of(identity.keyManager(), identity.bundle(), host, protocol))
                        .isEqualTo(protocol);
            }
        }
    }

    @Test
    void aClientBelievesNeitherAnotherNameNorAnotherAuthority() {
        ServerIdentity identity = selfMade();
        assertThatThrownBy(() -> Handshake.of(identity.keyManager(), identity.bundle(), "evil.example", "TLSv1.3"))
                .isInstanceOf(SSLException.class);
        String foreign = selfMade().bundle();
        assertThatThrownBy(() -> Handshake.of(identity.keyManager(), foreign, NAME, "TLSv1.3"))
                .isInstanceOf(SSLException.class);
    }

    @Test
    void aListenerIsToldTheBundleThatThereIs() {
        ServerIdentity identity = selfMade();
        var told = new ArrayList<String>();
        identity.listen(told::add);
        assertThat(told).containsExactly(identity.bundle());
        assertThat(identity.bundle()).startsWith("-----BEGIN CERTIFICATE-----");
    }

    @Test
    void nobodyIsShownAnythingBeforeThereIsSomething() {
        var identity = new HeldIdentity(Runnable::run);
        var told = new ArrayList<String>();
        identity.listen(told::add);
        assertThat(told).isEmpty();
        assertThat(identity.keyManager().chooseEngineServerAlias("EC", null, null))
                .isNull();
    }
}
