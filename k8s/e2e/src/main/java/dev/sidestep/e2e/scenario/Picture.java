package dev.sidestep.e2e.scenario;

import java.util.Locale;
import java.util.Map;

/** Answers per pod as an SVG: for each caller a group of bars, one a pod. */
final class Picture {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 270;
    private static final int BASE = 200;
    private static final int TALLEST = 130;
    private static final int MARGIN = 20;

    private Picture() {}

    /** Draws groups of counts; they are as wide as the picture allows. */
    static String draw(String title, Map<String, Map<String, Long>> groups) {
        var svg = new StringBuilder();
        line(
                svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
                        + " font-size=\"11\" fill=\"#333\">",
                WIDTH,
                HEIGHT);
        line(svg, "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#fff\"/>", WIDTH, HEIGHT);
        line(svg, "<text x=\"%d\" y=\"28\" font-size=\"13\" font-weight=\"bold\">%s</text>", MARGIN, title);
        int step = (WIDTH - 2 * MARGIN) / Math.max(1, groups.size());
        int left = MARGIN;
        for (Map.Entry<String, Map<String, Long>> group : groups.entrySet()) {
            group(svg, left, step, group.getKey(), group.getValue());
            left += step;
        }
        line(
                svg,
                "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#999\"/>",
                MARGIN,
                BASE,
                WIDTH - MARGIN,
                BASE);
        line(svg, "</svg>");
        return svg.toString();
    }

    /** Each group by its own measure: groups differ in calls, and what is to be seen is how even each is. */
    private static void group(StringBuilder svg, int left, int step, String caption, Map<String, Long> counts) {
        long most = counts.values().stream().mapToLong(Long::longValue).max().orElse(1);
        int bar = (step - 16) / Math.max(1, counts.size());
        int x = left;
        String color = caption.startsWith("plain") ? "#9aa5b1" : "#2f6fde";
        for (long count : counts.values()) {
            int height = (int) (TALLEST * count / Math.max(1, most));
            line(
                    svg,
                    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>",
                    x,
                    BASE - height,
                    bar - 3,
                    height,
                    color);
            line(
                    svg,
                    "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" font-size=\"9\">%d</text>",
                    x + (bar - 3) / 2,
                    BASE - height - 4,
                    count);
            x += bar;
        }
        String[] parts = caption.split(", ", 2);
        for (int i = 0; i < parts.length; i++) {
            line(
                    svg,
                    "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                    left + (step - 16) / 2,
                    BASE + 18 + 15 * i,
                    parts[i]);
        }
    }

    private static void line(StringBuilder svg, String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
