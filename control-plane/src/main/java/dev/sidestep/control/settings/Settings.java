package dev.sidestep.control.settings;

import dev.sidestep.control.manifest.ManifestException;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Mode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The configuration file, {@code config.yaml}; what it leaves out has its default.
 *
 * @param mode the mesh's mode, which namespaces, Services and pods narrow
 * @param clusterDomain the domain of the cluster's DNS, without dots at its ends
 * @param serviceRanges the CIDR blocks that VIPs come from; empty: asked from the API server
 * @param socketLoadBalancing whether the cluster's network plug-in translates VIPs when a connection is made
 */
public record Settings(
        Mode mode,
        String clusterDomain,
        List<String> serviceRanges,
        boolean socketLoadBalancing,
        Injection injection,
        Image image,
        Drain drain,
        Sidecar sidecar,
        Tls tls) {

    public static final Settings DEFAULT = new Settings(
            Mode.BALANCE,
            ClusterName.WIRE_DOMAIN,
            List.of(),
            false,
            new Injection("agent", "agent", "privileged"),
            new Image("", "0.1.0-SNAPSHOT", "IfNotPresent"),
            new Drain(Duration.ofSeconds(10)),
            new Sidecar("10m", "64Mi", "1", "128Mi", "info"),
            new Tls("control-plane-ca", Duration.ofDays(365), "", ""));

    public Settings {
        serviceRanges = List.copyOf(serviceRanges);
    }

    /**
     * What pods get.
     *
     * @param defaultMode what {@code sidestep.dev/inject: enabled} means: {@code agent}, {@code sidecar} or {@code grpc}
     * @param psaMode what a pod that asks for a sidecar gets where Pod Security forbids the redirect: {@code agent},
     *     {@code proxy} (the sidecar without a redirect) or {@code none}
     * @param podSecurity what Pod Security enforces in a namespace without a label for it, as the API server's
     *     configuration says, which nobody can ask for: {@code privileged}, {@code baseline} or {@code restricted}
     */
    public record Injection(String defaultMode, String psaMode, String podSecurity) {}

    /**
     * Where pods pull our images.
     *
     * @param registry with or without a path, without a slash at its end; "": the names as they are
     * @param tag of all our images
     * @param pullPolicy as in a pod
     */
    public record Image(String registry, String tag, String pullPolicy) {
        /** The image called {@code name}, in the version of this file. */
        public String reference(String name) {
            return reference(name, tag);
        }

        public String reference(String name, String version) {
            return (registry.isEmpty() ? "" : registry + "/") + name + ":" + version;
        }
    }

    /**
     * The end of a pod.
     *
     * @param cap how long it waits for its clients, at most
     */
    public record Drain(Duration cap) {}

    /**
     * What an injected sidecar may use, as Kubernetes quantities, unless its pod says otherwise; "" is no limit.
     *
     * @param logLevel {@code trace}, {@code debug}, {@code info}, {@code warn} or {@code error}
     */
    public record Sidecar(
            String cpuRequest, String memoryRequest, String cpuLimit, String memoryLimit, String logLevel) {}

    /**
     * Where the control plane's certificate comes from.
     *
     * @param caSecret the Secret that keeps the certificate authority that we make
     * @param caLifetime how long one is valid
     * @param existingSecret a Secret of type kubernetes.io/tls that is the user's; "": none
     * @param certManagerSecret the Secret that cert-manager writes; "": none
     */
    public record Tls(String caSecret, Duration caLifetime, String existingSecret, String certManagerSecret) {}

    /** This, with images from elsewhere. */
    public Settings withImage(Image other) {
        return new Settings(
                mode, clusterDomain, serviceRanges, socketLoadBalancing, injection, other, drain, sidecar, tls);
    }

    /**
     * Reads the file at {@code path}.
     *
     * @throws IOException with one line for the user: the file, the key, the reason and what was expected
     */
    public static Settings read(Path path) throws IOException {
        try {
            return parse(Files.readString(path));
        } catch (ManifestException e) {
            throw new IOException("--config " + path + ": " + e.getMessage(), e);
        } catch (NoSuchFileException e) {
            throw new IOException("--config " + path + ": no such file; create it or name another one", e);
        } catch (CharacterCodingException e) {
            throw new IOException("--config " + path + ": is not UTF-8 text", e);
        } catch (IOException e) {
            throw new IOException("--config " + path + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** What {@code yaml} says; empty text says nothing. */
    public static Settings parse(String yaml) throws ManifestException {
        return SettingsReader.read(yaml);
    }
}
