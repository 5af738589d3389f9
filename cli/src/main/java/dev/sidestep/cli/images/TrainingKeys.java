package dev.sidestep.cli.images;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;

/**
 * A key, and a certificate for 127.0.0.1 that whoever is trained is told to believe.
 *
 * @param managers for servers
 * @param certificate as PEM
 */
record TrainingKeys(KeyManagerFactory managers, String certificate) {
    private static final char[] PASSWORD = "of-training-only".toCharArray();
    private static final String ALIAS = "training";
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** Fresh ones, good for two days; {@code work} is a folder for a key store. */
    static TrainingKeys make(Path work) throws ImageException, IOException, GeneralSecurityException {
        Path file = work.resolve("training.p12");
        Program.run(
                work,
                Map.of(),
                LIMIT,
                "use a whole JDK to build",
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        ALIAS,
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=training",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-ext",
                        "bc:c",
                        "-validity",
                        "2",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        new String(PASSWORD)));
        KeyStore keys = KeyStore.getInstance(file.toFile(), PASSWORD);
        String encoded = Base64.getMimeEncoder(64, new byte[] {'\n'})
                .encodeToString(keys.getCertificate(ALIAS).getEncoded());
        var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD);
        return new TrainingKeys(managers, "-----BEGIN CERTIFICATE-----\n" + encoded + "\n-----END CERTIFICATE-----\n");
    }
}
