package dev.sidestep.control.auth;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;

/** Certificates and keys as text. */
final class Pem {
    private Pem() {}

    static String of(List<X509Certificate> certificates) {
        return write(certificates);
    }

    /** In PKCS #8, which every TLS library reads. */
    static String of(PrivateKey key) {
        try {
            return write(List.of(new JcaPKCS8Generator(key, null)));
        } catch (IOException e) {
            throw new IllegalStateException("an unencrypted key needs nothing that can fail", e);
        }
    }

    private static String write(List<?> objects) {
        var text = new StringWriter();
        try (var writer = new JcaPEMWriter(text)) {
            for (Object object : objects) {
                writer.writeObject(object);
            }
        } catch (IOException e) {
            throw new IllegalStateException("a string can always be written to", e);
        }
        return text.toString();
    }

    /**
     * All certificates in {@code pem}, in their order; other things in it are skipped.
     *
     * @throws GeneralSecurityException if one cannot be read, or there is none
     */
    static List<X509Certificate> certificates(String pem) throws GeneralSecurityException {
        var found = new ArrayList<X509Certificate>();
        var converter = new JcaX509CertificateConverter();
        for (Object object : parse(pem)) {
            if (object instanceof X509CertificateHolder holder) {
                found.add(converter.getCertificate(holder));
            }
        }
        if (found.isEmpty()) {
            throw new GeneralSecurityException("no certificate in it (expected: PEM)");
        }
        return found;
    }

    /**
     * The first private key in {@code pem}: PKCS #8, or the older forms of OpenSSL.
     *
     * @throws GeneralSecurityException if there is none that can be read without a password
     */
    static PrivateKey key(String pem) throws GeneralSecurityException {
        var converter = new JcaPEMKeyConverter();
        try {
            for (Object object : parse(pem)) {
                if (object instanceof PrivateKeyInfo info) {
                    return converter.getPrivateKey(info);
                }
                if (object instanceof PEMKeyPair pair) {
                    return converter.getKeyPair(pair).getPrivate();
                }
            }
        } catch (IOException e) {
            throw new GeneralSecurityException("the private key cannot be used: " + e.getMessage(), e);
        }
        throw new GeneralSecurityException("no private key in it (expected: PEM, without a password)");
    }

    private static List<Object> parse(String pem) throws GeneralSecurityException {
        var objects = new ArrayList<>();
        try (var parser = new PEMParser(new StringReader(pem))) {
            for (Object object = parser.readObject(); object != null; object = parser.readObject()) {
                objects.add(object);
            }
        } catch (IOException e) {
            throw new GeneralSecurityException("not PEM: " + e.getMessage(), e);
        }
        return objects;
    }
}
