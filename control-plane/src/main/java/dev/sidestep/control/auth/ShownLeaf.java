package dev.sidestep.control.auth;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Shows a leaf that may be exchanged at any time. A handshake first asks for an alias and then, by it, for the chain and
 * the key; the alias is the leaf's own, and the last leaf stays known, so that no handshake gets the chain of one and the
 * key of another. Any thread.
 */
final class ShownLeaf extends X509ExtendedKeyManager {
    private record Shown(String alias, Leaf leaf) {}

    private record Pair(Optional<Shown> current, Optional<Shown> previous) {}

    private volatile Pair pair = new Pair(Optional.empty(), Optional.empty());

    /** Exchanges it; one caller at a time. */
    void show(Leaf leaf) {
        Pair before = pair;
        String alias = leaf.certificate().getSerialNumber().toString(Character.MAX_RADIX);
        pair = new Pair(Optional.of(new Shown(alias, leaf)), before.current());
    }

    Optional<Leaf> leaf() {
        return pair.current().map(Shown::leaf);
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return pair.current()
                .filter(shown -> fits(keyType, shown.leaf().key()))
                .map(Shown::alias)
                .orElse(null);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
            String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return chooseServerAlias(keyType, issuers, null);
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        String alias = chooseServerAlias(keyType, issuers, null);
        return alias == null ? null : new String[] {alias};
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
        return find(alias)
                .map(leaf -> leaf.chain().toArray(X509Certificate[]::new))
                .orElse(null);
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
        return find(alias).map(Leaf::key).orElse(null);
    }

    @Override
    public @Nullable String chooseClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return null;
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return null;
    }

    private Optional<Leaf> find(String alias) {
        Pair now = pair;
        return now.current()
                .filter(shown -> shown.alias().equals(alias))
                .or(() -> now.previous().filter(shown -> shown.alias().equals(alias)))
                .map(Shown::leaf);
    }

    /** Key types are those of JSSE: the key's algorithm, and with some cipher suites the signature's behind it. */
    private static boolean fits(String keyType, PrivateKey key) {
        String algorithm = keyType.indexOf('_') < 0 ? keyType : keyType.substring(0, keyType.indexOf('_'));
        return algorithm.equals(key.getAlgorithm())
                || (algorithm.equals("EC") && key.getAlgorithm().equals("ECDSA"));
    }
}
