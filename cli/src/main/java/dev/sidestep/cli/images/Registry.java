package dev.sidestep.cli.images;

import com.google.cloud.tools.jib.api.CacheDirectoryCreationException;
import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.ImageReference;
import com.google.cloud.tools.jib.api.InvalidImageReferenceException;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainer;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.RegistryException;
import com.google.cloud.tools.jib.api.RegistryImage;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.frontend.CredentialRetrieverFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;

/** To and from registries, with the credentials that Docker's configuration and its helpers have. */
final class Registry {
    private static final String TOOL = "sidestep";

    private Registry() {}

    /** Pulls {@code name} into an archive as {@code docker save} writes it. */
    static void pull(String name, Path archive) throws ImageException, IOException {
        try {
            ImageReference reference = ImageReference.parse(name);
            JibContainerBuilder image = Jib.from(image(reference));
            transfer(name, image, Containerizer.to(TarImage.at(archive).named("base")), isLoopback(reference));
        } catch (InvalidImageReferenceException e) {
            throw new ImageException(
                    "--base " + name + ": neither a folder, an archive, \"" + Base.DEBIAN_PACKAGES
                            + "\" nor an image's name",
                    e);
        }
    }

    /** Pushes {@code archive} as {@code name}; the answer is the digest by which it can be pulled. */
    static String push(Path archive, String name) throws ImageException, IOException {
        try {
            ImageReference reference = ImageReference.parse(name);
            JibContainerBuilder image = Jib.from(TarImage.at(archive));
            return transfer(name, image, Containerizer.to(image(reference)), isLoopback(reference))
                    .getDigest()
                    .toString();
        } catch (InvalidImageReferenceException e) {
            throw new ImageException("--to: \"" + name + "\" is no image's name (expected: registry[/path])", e);
        }
    }

    private static RegistryImage image(ImageReference reference) {
        var credentials = CredentialRetrieverFactory.forImage(reference, event -> {});
        return RegistryImage.named(reference)
                .addCredentialRetriever(credentials.dockerConfig())
                .addCredentialRetriever(credentials.wellKnownCredentialHelpers());
    }

    private static JibContainer transfer(
            String name, JibContainerBuilder image, Containerizer to, boolean plaintextAllowed)
            throws ImageException, IOException {
        Path cache = Files.createTempDirectory("sidestep-layers-");
        try {
            return image.containerize(to.setToolName(TOOL)
                    .setBaseImageLayersCache(cache)
                    .setApplicationLayersCache(cache)
                    .setAllowInsecureRegistries(plaintextAllowed));
        } catch (RegistryException | ExecutionException e) {
            throw new ImageException(name + ": " + reason(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(name + ": interrupted", e);
        } catch (CacheDirectoryCreationException e) {
            throw new IOException(e);
        } finally {
            RootFs.deleteTree(cache);
        }
    }

    /** The innermost message that says something. */
    private static String reason(Throwable failure) {
        String reason = failure.toString();
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each.getMessage() != null) {
                reason = each.getMessage();
            }
        }
        return reason.lines().findFirst().orElse(reason);
    }

    /** A registry of this machine needs no TLS; every other one does. */
    private static boolean isLoopback(ImageReference reference) {
        String host = reference.getRegistry().replaceFirst(":[0-9]+$", "");
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
