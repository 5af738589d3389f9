package dev.sidestep.sidecar.bypass;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Reads {@code /proc/net/tcp} and {@code tcp6}, which have every socket of a network namespace, be it of whatever
 * container. Blocks; for any thread.
 */
final class SocketTable {
    /** A pod with more is not looked at: it costs the kernel some time for each. */
    private static final int MOST_LINES = 20_000;

    private static final int STATE = 3;
    private static final int UID = 7;

    private final Path folder;

    /** @param folder {@code /proc/net} */
    SocketTable(Path folder) {
        this.folder = folder;
    }

    /**
     * Those that are not over, as of now; empty if there are so many that some are left out, for of a part nothing follows.
     *
     * @throws IOException if there is no such table
     */
    Optional<List<Socket>> read() throws IOException {
        List<Socket> all = new ArrayList<>();
        boolean whole = read(folder.resolve("tcp"), all);
        try {
            whole = whole && read(folder.resolve("tcp6"), all);
        } catch (NoSuchFileException noIpv6) {
            // Then nothing is connected by it.
        }
        return whole ? Optional.of(all) : Optional.empty();
    }

    /** Whether that was the whole file. */
    private static boolean read(Path file, List<Socket> all) throws IOException {
        try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.US_ASCII)) {
            lines.readLine(); // The headings.
            String line = lines.readLine();
            for (int i = 0; line != null && i < MOST_LINES; i++) {
                parse(line).filter(socket -> !socket.isOver()).ifPresent(all::add);
                line = lines.readLine();
            }
            return line == null;
        }
    }

    /** One line; empty if it is none. {@code  0: 0100007F:3E81 00000000:0000 0A 00000000:00000000 00:00000000 00000000 16001 …} */
    static Optional<Socket> parse(String line) {
        String[] words = line.strip().split("\\s+", UID + 2);
        if (words.length <= UID) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Socket(
                    address(words[1]),
                    address(words[2]),
                    Integer.parseInt(words[STATE], 16),
                    Integer.parseUnsignedInt(words[UID])));
        } catch (IllegalArgumentException | UnknownHostException notASocket) {
            return Optional.empty();
        }
    }

    /** {@code 0100007F:3E81}: words of four bytes, each in the machine's order, and the port. */
    private static InetSocketAddress address(String text) throws UnknownHostException {
        int colon = text.indexOf(':');
        if (colon != 8 && colon != 32) {
            throw new IllegalArgumentException(text);
        }
        byte[] raw = HexFormat.of().parseHex(text, 0, colon);
        var bytes = new byte[raw.length];
        for (int i = 0; i < raw.length; i++) {
            bytes[i] = raw[i / 4 * 4 + 3 - i % 4]; // Of all machines that we run on: little-endian.
        }
        // IPv4 in IPv6, as a dual-stack socket has it, becomes IPv4 here.
        return new InetSocketAddress(
                InetAddress.getByAddress(bytes), Integer.parseInt(text, colon + 1, text.length(), 16));
    }
}
