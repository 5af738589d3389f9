package dev.sidestep.discovery;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.SecurityLevel;
import io.grpc.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Shows each call's server the token in a file, read at the call's start: the kubelet writes a new one before the old one
 * ends. It never goes out in plaintext. Any thread.
 */
public final class TokenCredentials extends CallCredentials {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final Path file;
    private final Executor io;

    /** @param io where the file is read */
    public TokenCredentials(Path file, Executor io) {
        this.file = file;
        this.io = io;
    }

    @Override
    public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
        if (call.getSecurityLevel() != SecurityLevel.PRIVACY_AND_INTEGRITY) {
            applier.fail(Status.UNAUTHENTICATED.withDescription(
                    "SIDESTEP_TOKEN_FILE: the token is not sent without TLS; set SIDESTEP_CA_FILE"));
            return;
        }
        try {
            io.execute(() -> apply(applier));
        } catch (RejectedExecutionException e) {
            applier.fail(
                    Status.UNAVAILABLE.withDescription("SIDESTEP_TOKEN_FILE: not read, too much else is to be done"));
        }
    }

    private void apply(MetadataApplier applier) {
        String token;
        try {
            token = Files.readString(file, StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            applier.fail(Status.UNAUTHENTICATED.withDescription("SIDESTEP_TOKEN_FILE: " + file + " cannot be read (" + e
                    + "); mount a projected serviceAccountToken"));
            return;
        }
        Metadata headers = new Metadata();
        headers.put(AUTHORIZATION, "Bearer " + token);
        applier.apply(headers);
    }
}
