package dev.sidestep.testkit;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A certificate authority for a test's servers, valid for a day. */
public final class TestAuthority {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final X500Name name;
    private final KeyPair keys;
    private final String certificate;

    /** One that no other is like. */
    public TestAuthority() {
        name = new X500Name("CN=test authority " + RANDOM.nextLong());
        keys = keys();
        certificate = sign(name, keys.getPublic(), true);
    }

    /**
     * What a server shows, in PEM.
     *
     * @param certificate its own only
     */
    public record Leaf(String certificate, String key) {
        public InputStream certificateStream() {
            return new ByteArrayInputStream(certificate.getBytes(StandardCharsets.US_ASCII));
        }

        public InputStream keyStream() {
            return new ByteArrayInputStream(key.getBytes(StandardCharsets.US_ASCII));
        }
    }

    /** What clients have to trust, in PEM. */
    public String certificate() {
        return certificate;
    }

    /** For a server with these DNS names. */
    public Leaf leaf(String... names) {
        KeyPair its = keys();
        return new Leaf(
                sign(new X500Name("CN=" + names[0]), its.getPublic(), false, names), pem(pkcs8(its.getPrivate())));
    }

    private String sign(X500Name subject, PublicKey key, boolean authority, String... names) {
        Instant now = Instant.now();
        X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                name,
                new BigInteger(120, RANDOM).add(BigInteger.ONE),
                Date.from(now.minus(Duration.ofMinutes(5))),
                Date.from(now.plus(Duration.ofDays(1))),
                subject,
                key);
        try {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
            if (names.length > 0) {
                builder.addExtension(
                        Extension.subjectAlternativeName,
                        false,
                        new GeneralNames(Stream.of(names)
                                .map(each -> new GeneralName(GeneralName.dNSName, each))
                                .toArray(GeneralName[]::new)));
            }
            X509CertificateHolder signed =
                    builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()));
            return pem(signed);
        } catch (IOException | OperatorCreationException e) {
            throw new IllegalStateException("a certificate cannot be made", e);
        }
    }

    private static KeyPair keys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(256, RANDOM);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has EC", e);
        }
    }

    private static JcaPKCS8Generator pkcs8(PrivateKey key) {
        try {
            return new JcaPKCS8Generator(key, null);
        } catch (IOException e) {
            throw new IllegalStateException("a key cannot be written", e);
        }
    }

    private static String pem(Object object) {
        var text = new StringWriter();
        try (var writer = new JcaPEMWriter(text)) {
            writer.writeObject(object);
        } catch (IOException e) {
            throw new IllegalStateException("cannot be written as PEM", e);
        }
        return text.toString();
    }
}
