package dev.sidestep.sidecar.http2;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.sidecar.LeakRecorder;
import dev.sidestep.sidecar.outbound.OriginalDestination;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.Requirements;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The conformance suite of HTTP/2, strict, against us with an HTTP/2 server behind us. */
@ExtendWith(LeakRecorder.Check.class)
final class H2specIT {
    private static final String ARCHIVE = "/h2spec/2.2.0/h2spec_linux_amd64.tar.gz";

    @Test
    void everyCaseOfH2specPasses(@TempDir Path folder) throws IOException {
        Requirements.that(
                System.getProperty("os.name").equals("Linux")
                        && System.getProperty("os.arch").equals("amd64"),
                "h2spec is at hand for Linux on amd64 only");
        Path h2spec = unpack(folder);
        try (var server = new PlainServer();
                var proxy = new Proxy(loop -> new OriginalDestination.Fixed(loop.target("peer", 80)))) {
            proxy.directory().put("peer", List.of(server.address()));
            var run = ChildProcess.start(
                    "h2spec",
                    List.of(
                            h2spec.toString(),
                            "--strict",
                            "--timeout",
                            "5",
                            "--host",
                            "127.0.0.1",
                            "--port",
                            Integer.toString(proxy.address().getPort())));
            try (run) {
                run.awaitExit(Duration.ofMinutes(3));
                assertThat(run.output())
                        .as(() -> String.join("\n", run.output()))
                        .contains("146 tests, 146 passed, 0 skipped, 0 failed");
            }
        }
    }

    /** The only file of the archive. */
    private static Path unpack(Path folder) throws IOException {
        Path program = folder.resolve("h2spec");
        try (InputStream packed = H2specIT.class.getResourceAsStream(ARCHIVE)) {
            assertThat(packed).as(ARCHIVE).isNotNull();
            var tar = new DataInputStream(new GZIPInputStream(packed));
            byte[] header = new byte[512];
            while (true) {
                tar.readFully(header);
                if (header[0] == 0) {
                    throw new EOFException("no h2spec in " + ARCHIVE);
                }
                String name = new String(header, 0, 100, US_ASCII).trim();
                int size = Integer.parseInt(new String(header, 124, 11, US_ASCII).trim(), 8);
                byte[] content = tar.readNBytes(size);
                if (name.endsWith("h2spec")) {
                    Files.write(program, content);
                    assertThat(program.toFile().setExecutable(true)).isTrue();
                    return program;
                }
                tar.skipNBytes((512 - size % 512) % 512);
            }
        }
    }
}
