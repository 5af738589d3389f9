package dev.sidestep.cli.images;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;

/**
 * TLS in front of a plaintext port on loopback, with a certificate of its own: in training a sidecar reaches its control
 * plane as it does in a cluster.
 */
final class TlsFront implements Closeable {
    private static final char[] PASSWORD = "of-training-only".toCharArray();
    private static final String ALIAS = "training";
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final SSLServerSocket server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    /**
     * Has its port from now on.
     *
     * @param ca where the certificate that it can be believed by is written
     * @param work for a key store
     */
    TlsFront(int port, Path ca, Path work) throws ImageException, IOException, GeneralSecurityException {
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
        Files.writeString(ca, "-----BEGIN CERTIFICATE-----\n" + encoded + "\n-----END CERTIFICATE-----\n");
        var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(managers.getKeyManagers(), null, new SecureRandom());
        server = (SSLServerSocket)
                tls.getServerSocketFactory().createServerSocket(port, 50, InetAddress.getLoopbackAddress());
        SSLParameters parameters = server.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2"});
        server.setSSLParameters(parameters);
    }

    /** Takes connections for the plaintext port {@code behind}. */
    void start(int behind) {
        threads.execute(() -> accept(behind));
    }

    private void accept(int behind) {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Socket upstream = new Socket(InetAddress.getLoopbackAddress(), behind);
                threads.execute(() -> relay(client, upstream));
                threads.execute(() -> relay(upstream, client));
            } catch (IOException e) {
                System.out.println("TLS in training: " + e.getMessage()); // The client comes again.
            }
        }
    }

    private static void relay(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException e) {
            return; // One of the two is gone, and now both are.
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        threads.shutdownNow();
    }
}
