package dev.sidestep.discovery;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whom a data plane believes to be its control plane: a server of the right name, behind which stands a CA of the file that
 * the process was started with, or of the bundle that came over the stream last. That bundle is also kept on disk, so that
 * the process after this one, in the same pod and with the same file, still connects when the file's CAs are of the past.
 *
 * <p>Files are read at each handshake, of which there are few: whoever changes one is believed from the next on. Any thread.
 */
public final class ControlPlaneTrust extends X509ExtendedTrustManager {
    private static final Logger LOG = LoggerFactory.getLogger(ControlPlaneTrust.class);

    /** A bundle has two or three certificates of half a kilobyte. */
    private static final int LONGEST_BUNDLE = 1 << 20;

    private final Path caFile;
    private final Optional<Path> kept;
    private final Executor io;
    private volatile Set<Certificate> learned = Set.of();

    /**
     * Reads nothing yet.
     *
     * @param caFile what the process was started with, in PEM
     * @param kept where the newest bundle is kept for the next process; empty: nowhere
     * @param io where it is written
     */
    public ControlPlaneTrust(Path caFile, Optional<Path> kept, Executor io) {
        this.caFile = caFile;
        this.kept = kept;
        this.io = io;
    }

    /** The control plane says that this is to be trusted from now on; "" says nothing. What is no PEM changes nothing. */
    public void learn(String bundle) {
        if (bundle.isEmpty()) {
            return;
        }
        Set<Certificate> parsed;
        try {
            parsed = parse(bundle.getBytes(StandardCharsets.US_ASCII));
        } catch (CertificateException e) {
            LOG.warn("the control plane's new CA bundle cannot be read ({}); what is trusted stays", e.getMessage());
            return;
        }
        if (parsed.isEmpty() || parsed.equals(learned)) {
            return;
        }
        learned = parsed;
        kept.ifPresent(file -> {
            try {
                io.execute(() -> keep(file, bundle));
            } catch (RejectedExecutionException e) {
                LOG.warn("{}: not written, too much else is to be done; it is tried with the next bundle", file);
            }
        });
    }

    private static void keep(Path file, String bundle) {
        try {
            Path folder = file.toAbsolutePath().getParent();
            if (folder == null) {
                throw new IOException("is no file");
            }
            Files.createDirectories(folder);
            Path temporary = Files.createTempFile(folder, "ca.", ".tmp");
            try {
                Files.writeString(temporary, bundle, StandardCharsets.US_ASCII);
                // Nothing secret, and the pod's other containers may run as somebody else.
                if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rw-r--r--"));
                }
                Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException e) {
            LOG.warn("{}: the CA bundle cannot be kept there ({}); it serves this process only", file, e.toString());
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        Set<Certificate> anchors = anchors();
        try {
            // It looks at the name as well, as the engine's parameters say.
            pkix(anchors).checkServerTrusted(chain, authType, engine);
        } catch (CertificateException e) {
            throw new CertificateException(
                    "the control plane's certificate is not trusted: " + bottom(e) + "; looked at "
                            + anchors.size() + " CAs of " + caFile
                            + kept.map(file -> " and " + file).orElse("")
                            + "; a pod older than the CA has to be restarted",
                    e);
        }
    }

    /** What of it is readable: either place may be of another time. */
    private Set<Certificate> anchors() throws CertificateException {
        Set<Certificate> anchors = new LinkedHashSet<>(learned);
        CertificateException failure = null;
        try {
            anchors.addAll(read(caFile));
        } catch (CertificateException e) {
            failure = e;
        }
        if (kept.isPresent()) {
            try {
                anchors.addAll(read(kept.get()));
            } catch (CertificateException e) {
                LOG.debug("not used", e);
            }
        }
        if (anchors.isEmpty()) {
            throw failure != null
                    ? failure
                    : new CertificateException("SIDESTEP_CA_FILE: " + caFile + " holds no certificate (expected: PEM)");
        }
        return anchors;
    }

    private static Set<Certificate> read(Path file) throws CertificateException {
        try {
            if (Files.size(file) > LONGEST_BUNDLE) {
                throw new CertificateException(file + ": longer than any CA bundle");
            }
            return parse(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new CertificateException("SIDESTEP_CA_FILE: " + file + " does not exist", e);
        } catch (IOException e) {
            throw new CertificateException(file + ": cannot be read (" + e + ")", e);
        }
    }

    private static Set<Certificate> parse(byte[] pem) throws CertificateException {
        Collection<? extends Certificate> certificates =
                CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
        return new LinkedHashSet<>(certificates);
    }

    private static X509ExtendedTrustManager pkix(Set<Certificate> anchors) throws CertificateException {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            int number = 0;
            for (Certificate anchor : anchors) {
                store.setCertificateEntry("ca-" + number++, anchor);
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509ExtendedTrustManager found) {
                    return found;
                }
            }
            throw new CertificateException("this JVM's PKIX has no X509ExtendedTrustManager");
        } catch (GeneralSecurityException | IOException e) {
            throw new CertificateException("this JVM cannot check certificates (" + e + ")", e);
        }
    }

    private static String bottom(Throwable error) {
        Throwable bottom = error;
        while (bottom.getCause() != null && bottom.getCause() != bottom) {
            bottom = bottom.getCause();
        }
        return bottom.getMessage() == null ? bottom.toString() : bottom.getMessage();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw new CertificateException("only connections of an SSLEngine are checked here");
    }

    /** Without an engine nobody says which name the server should have. */
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("only connections of an SSLEngine are checked here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("no server here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw new CertificateException("no server here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        throw new CertificateException("no server here");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
