package dev.sidestep.cli.images;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;

/**
 * TLS in front of a plaintext port on loopback, with the certificate of training: a sidecar reaches its control plane so
 * as it does in a cluster.
 */
final class TlsFront implements Closeable {
    private final SSLServerSocket server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    /** Has its port from now on. */
    TlsFront(int port, TrainingKeys keys) throws IOException, GeneralSecurityException {
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(keys.managers().getKeyManagers(), null, new SecureRandom());
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
