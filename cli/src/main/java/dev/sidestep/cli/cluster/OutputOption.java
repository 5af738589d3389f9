package dev.sidestep.cli.cluster;

import java.io.PrintWriter;
import java.util.List;
import java.util.function.Supplier;
import picocli.CommandLine.Option;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLWriteFeature;

/** How an answer is printed: for people, or whole for programs. */
public final class OutputOption {
    /** The formats. */
    enum Format {
        TABLE,
        JSON,
        YAML
    }

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "table, json or yaml (${DEFAULT-VALUE}).")
    private Format format = Format.TABLE;

    /**
     * Prints {@code answer}.
     *
     * @param table the same for people; asked for only where it is wanted
     */
    public void print(PrintWriter out, Object answer, Supplier<List<String>> table) {
        switch (format) {
            case TABLE -> table.get().forEach(out::println);
            case JSON -> out.println(json().writeValueAsString(answer));
            case YAML -> out.print(yaml().writeValueAsString(answer));
        }
        out.flush();
    }

    private static ObjectMapper yaml() {
        return YAMLMapper.builder()
                .disable(YAMLWriteFeature.WRITE_DOC_START_MARKER)
                .build();
    }

    private static ObjectMapper json() {
        return JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    }
}
