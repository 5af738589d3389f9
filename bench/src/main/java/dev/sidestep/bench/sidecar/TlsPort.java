package dev.sidestep.bench.sidecar;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;

/** TLS with HTTP/2 in front of a plaintext port on loopback, as a control plane that reads a folder has none. */
final class TlsPort {
    private final SSLServerSocket server;
    private final int behind;

    /**
     * Has its port from now on.
     *
     * @param keys a key store with one key
     * @param password of both
     */
    TlsPort(int port, int behind, File keys, char[] password) throws IOException, GeneralSecurityException {
        this.behind = behind;
        var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(KeyStore.getInstance(keys, password), password);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(managers.getKeyManagers(), null, new SecureRandom());
        server = (SSLServerSocket)
                tls.getServerSocketFactory().createServerSocket(port, 50, InetAddress.getLoopbackAddress());
        SSLParameters parameters = server.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2"});
        server.setSSLParameters(parameters);
    }

    /** Takes connections for ever. */
    void run() {
        while (true) {
            try {
                Socket client = server.accept();
                Socket upstream = new Socket(InetAddress.getLoopbackAddress(), behind);
                SidecarLoad.daemon(() -> relay(client, upstream));
                SidecarLoad.daemon(() -> relay(upstream, client));
            } catch (IOException e) {
                System.err.println("TLS in front of " + behind + ": " + e.getMessage()); // The client comes again.
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
}
