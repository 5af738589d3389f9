package dev.sidestep.cli.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Columns as wide as their widest cell, two spaces apart. */
public final class Table {
    private Table() {}

    /** A line for the head and one for each of {@code rows}, which have as many cells as it. */
    public static List<String> of(List<String> head, List<List<String>> rows) {
        List<List<String>> all = Stream.concat(Stream.of(head), rows.stream()).toList();
        int[] widths = IntStream.range(0, head.size())
                .map(column -> all.stream()
                        .mapToInt(row -> row.get(column).length())
                        .max()
                        .orElse(0))
                .toArray();
        List<String> lines = new ArrayList<>();
        for (List<String> row : all) {
            var line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                line.append(row.get(column))
                        .append(" ".repeat(widths[column] - row.get(column).length() + 2));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}
