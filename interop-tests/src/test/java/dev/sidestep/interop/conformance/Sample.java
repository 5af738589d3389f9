package dev.sidestep.interop.conformance;

import com.google.protobuf.Message;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One message as it crosses between the JVMs.
 *
 * @param type its full name
 * @param bytes what is on the wire
 * @param text what our classes find in it, one field a line
 * @param unknown what our classes do not understand of it, or ""
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by its parts.
record Sample(String type, byte[] bytes, String text, String unknown) {
    private static final String NUMBER = "_value";

    static Sample of(Message message) {
        return new Sample(message.getDescriptorForType().getFullName(), message.toByteArray(), message.toString(), "");
    }

    static List<Sample> read(Path file) throws IOException {
        List<Sample> samples = new ArrayList<>();
        try (var in = new DataInputStream(Files.newInputStream(file))) {
            while (in.available() > 0) {
                String type = in.readUTF();
                byte[] bytes = in.readNBytes(in.readInt());
                String text = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
                samples.add(new Sample(type, bytes, text, in.readUTF()));
            }
        }
        return samples;
    }

    static void write(Path file, List<Sample> samples) throws IOException {
        try (var out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            for (Sample sample : samples) {
                out.writeUTF(sample.type());
                out.writeInt(sample.bytes().length);
                out.write(sample.bytes());
                out.writeInt(0);
                out.writeUTF("");
            }
        }
    }

    /**
     * The fields with their depth, in no order: the two flavours of protobuf write the same text, but sort it differently,
     * and javalite writes an enum's number after its name.
     */
    static String fields(String text) {
        List<String> lines = text.lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                // Of its default values javalite writes those that are a long, and protobuf-java writes none.
                .filter(line -> !line.endsWith(": 0"))
                .map(String::stripTrailing)
                .toList();
        Set<String> names = lines.stream().map(Sample::name).collect(Collectors.toSet());
        return lines.stream()
                .filter(line -> !name(line).endsWith(NUMBER)
                        || !names.contains(name(line).replace(NUMBER, "")))
                .sorted()
                .collect(Collectors.joining("\n"));
    }

    private static String name(String line) {
        int colon = line.indexOf(':');
        return colon < 0 ? line : line.substring(0, colon);
    }
}
