package dev.sidestep.e2e;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Columns as wide as their widest cell, two spaces apart. */
final class Table {
    private static final List<String> HEAD = List.of("scenario", "what", "bar", "seen", "kept");

    private Table() {}

    static List<String> of(List<Finding> findings) {
        List<List<String>> rows = Stream.concat(
                        Stream.of(HEAD),
                        findings.stream()
                                .map(each -> List.of(
                                        each.scenario(),
                                        each.what(),
                                        each.bar(),
                                        each.seen(),
                                        each.verdict().text())))
                .toList();
        int[] widths = IntStream.range(0, HEAD.size())
                .map(column -> rows.stream()
                        .mapToInt(row -> row.get(column).length())
                        .max()
                        .orElse(0))
                .toArray();
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
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
