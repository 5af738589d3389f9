package dev.sidestep.control.auth;

import java.math.BigInteger;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A CA of our own: EC P-256, one key for its whole life.
 *
 * @param certificate self-signed; what clients trust
 * @param key signs leaves
 * @param endorsement the same name and key, certified by the CA before it: servers send it along, so that a client that
 *     knows no more than the CA before believes leaves of this one; empty for the first
 */
record CertificateAuthority(X509Certificate certificate, PrivateKey key, Optional<X509Certificate> endorsement) {
    private static final String SIGNATURE = "SHA256withECDSA";

    /** Names of CAs differ, so that no client takes a certificate of one for that of another. */
    private static final int NAME_BYTES = 6;

    private static final int SERIAL_BITS = 127;

    /** One of a kind, valid from {@code now} for {@code lifetime}. */
    static CertificateAuthority create(Instant now, Duration lifetime, SecureRandom random) {
        KeyPair keys = keys(random);
        byte[] id = new byte[NAME_BYTES];
        random.nextBytes(id);
        var name = new X500Name("CN=sidestep control plane " + HexFormat.of().formatHex(id) + ",O=sidestep.dev");
        var builder = builder(name, name, keys.getPublic(), now, now.plus(lifetime), random);
        // 1: the CA after it is endorsed by it.
        X509Certificate certificate =
                sign(asAuthority(builder, 1), keys.getPublic(), keys.getPublic(), keys.getPrivate());
        return new CertificateAuthority(certificate, keys.getPrivate(), Optional.empty());
    }

    /** The one that takes its place after a while, endorsed by it. */
    CertificateAuthority successor(Instant now, Duration lifetime, SecureRandom random) {
        CertificateAuthority next = create(now, lifetime, random);
        var builder = builder(
                name(), next.name(), next.certificate.getPublicKey(), now, earlier(expiry(), next.expiry()), random);
        X509Certificate endorsement =
                sign(asAuthority(builder, 0), next.certificate.getPublicKey(), certificate.getPublicKey(), key);
        return new CertificateAuthority(next.certificate, next.key, Optional.of(endorsement));
    }

    /** A new key and certificate for a server with these names and addresses. */
    Leaf issue(Set<String> names, Set<InetAddress> addresses, Instant from, Instant until, SecureRandom random) {
        KeyPair keys = keys(random);
        var alternatives = new ArrayList<GeneralName>();
        names.forEach(name -> alternatives.add(new GeneralName(GeneralName.dNSName, name)));
        addresses.forEach(
                address -> alternatives.add(new GeneralName(GeneralName.iPAddress, address.getHostAddress())));
        var builder = builder(
                name(),
                new X500Name("CN=control-plane,O=sidestep.dev"),
                keys.getPublic(),
                from,
                earlier(until, expiry()),
                random);
        try {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(
                    Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    new GeneralNames(alternatives.toArray(GeneralName[]::new)));
        } catch (CertIOException e) {
            throw new IllegalStateException("these extensions can be encoded", e);
        }
        var chain = new ArrayList<X509Certificate>();
        chain.add(sign(builder, keys.getPublic(), certificate.getPublicKey(), key));
        endorsement
                .filter(endorsed -> endorsed.getNotAfter().toInstant().isAfter(from))
                .ifPresent(chain::add);
        return new Leaf(keys.getPrivate(), chain);
    }

    Instant start() {
        return certificate.getNotBefore().toInstant();
    }

    Instant expiry() {
        return certificate.getNotAfter().toInstant();
    }

    Duration lifetime() {
        return Duration.between(start(), expiry());
    }

    /** Without the key. */
    @Override
    public String toString() {
        return certificate.getSubjectX500Principal() + ", " + start() + " to " + expiry();
    }

    private X500Name name() {
        return X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    }

    private static Instant earlier(Instant one, Instant other) {
        return one.isBefore(other) ? one : other;
    }

    private static KeyPair keys(SecureRandom random) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"), random);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has EC P-256", e);
        }
    }

    private static X509v3CertificateBuilder builder(
            X500Name issuer, X500Name subject, PublicKey key, Instant from, Instant until, SecureRandom random) {
        var serial = new BigInteger(SERIAL_BITS, random).add(BigInteger.ONE);
        return new JcaX509v3CertificateBuilder(issuer, serial, Date.from(from), Date.from(until), subject, key);
    }

    private static X509v3CertificateBuilder asAuthority(X509v3CertificateBuilder builder, int authoritiesBelow) {
        try {
            return builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authoritiesBelow))
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        } catch (CertIOException e) {
            throw new IllegalStateException("these extensions can be encoded", e);
        }
    }

    private static X509Certificate sign(
            X509v3CertificateBuilder builder, PublicKey subject, PublicKey issuer, PrivateKey signer) {
        try {
            var extensions = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.subjectKeyIdentifier, false, extensions.createSubjectKeyIdentifier(subject));
            builder.addExtension(
                    Extension.authorityKeyIdentifier, false, extensions.createAuthorityKeyIdentifier(issuer));
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder(SIGNATURE).build(signer)));
        } catch (GeneralSecurityException | CertIOException | OperatorCreationException e) {
            throw new IllegalStateException("the JDK's own provider signs with P-256", e);
        }
    }

    /** The certificates of {@code authorities} as one text, for clients. */
    static String bundle(List<CertificateAuthority> authorities) {
        return Pem.of(
                authorities.stream().map(CertificateAuthority::certificate).toList());
    }
}
