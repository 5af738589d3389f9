package dev.sidestep.control.kube;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ClientsTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // Set by JUnit.
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC"})
    void findsOutWhatAKeyInPkcs8IsFor(String algorithm) throws NoSuchAlgorithmException {
        byte[] key = KeyPairGenerator.getInstance(algorithm)
                .generateKeyPair()
                .getPrivate()
                .getEncoded();
        String pem = "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(key)
                + "\n-----END PRIVATE KEY-----\n";

        assertThat(Clients.keyAlgorithm(pem)).contains(algorithm);
    }

    @Test
    void leavesKeysWhoseFrameSaysItToTheLibrary() {
        assertThat(Clients.keyAlgorithm("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"))
                .isEmpty();
        assertThat(Clients.keyAlgorithm("")).isEmpty();
    }

    @Test
    void aKubeconfigThatCannotBeUsedIsOneLineForTheUser() throws IOException {
        Path missing = folder.resolve("missing");
        assertThatThrownBy(() -> Clients.connect(Optional.of(missing), Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessage("--kubeconfig " + missing + ": cannot be read; name another file");

        String key = Base64.getEncoder()
                .encodeToString("-----BEGIN PRIVATE KEY-----\nAAAA\n".getBytes(StandardCharsets.US_ASCII));
        Path broken = Files.writeString(folder.resolve("broken"), """
                apiVersion: v1
                kind: Config
                current-context: c
                contexts: [{name: c, context: {cluster: c, user: u}}]
                clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
                users: [{name: u, user: {client-certificate-data: "%s", client-key-data: "%s"}}]
                """.formatted(key, key));
        assertThatThrownBy(() -> Clients.connect(Optional.of(broken), Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("Kubernetes: the certificates or keys of context c cannot be used (")
                .hasMessageNotContaining("\n");

        Path noYaml = Files.writeString(folder.resolve("no-yaml"), "users: [{user: {token: a b: c}");
        assertThatThrownBy(() -> Clients.connect(Optional.of(noYaml), Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("Kubernetes: the kubeconfig cannot be used (")
                .hasMessageNotContaining("\n");
    }

    @Test
    void aContextThatIsNotThereIsNotTheCurrentOne() throws IOException {
        Path file = Files.writeString(folder.resolve("config"), """
                apiVersion: v1
                kind: Config
                current-context: staging
                contexts:
                - {name: staging, context: {cluster: c, user: u}}
                - {name: prod, context: {cluster: c, user: u}}
                clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
                users: [{name: u, user: {token: t}}]
                """);
        assertThatThrownBy(() -> Clients.connect(Optional.of(file), Optional.of("prdo")))
                .isInstanceOf(IOException.class)
                .hasMessage("--context prdo: no such context (expected: prod, staging); name one of the kubeconfig's");
        Clients.connect(Optional.of(file), Optional.of("prod")).close();
    }
}
