package dev.sidestep.demo;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** Requests per pod before and after, as an SVG: for each client a group of bars, gRPC stacked on HTTP. */
final class Picture {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 300;
    private static final int BASE = 232;
    private static final int TALLEST = 150;
    private static final int BAR = 38;
    private static final String HTTP = "#2f6fde";
    private static final String GRPC = "#8fb8ff";

    private final Evenness evenness;
    private final StringBuilder svg = new StringBuilder();

    Picture(Observations observations) {
        this.evenness = new Evenness(observations);
    }

    /** One window for each client, before and after. */
    String draw(List<Window> before, List<Window> after) {
        long most = Math.max(1, Math.max(most(before), most(after)));
        line(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
                        + " font-size=\"12\" fill=\"#333\">",
                WIDTH, HEIGHT);
        line("<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#fff\"/>", WIDTH, HEIGHT);
        panel(20, "Without Sidestep: a random pod per connection", before, most);
        panel(400, "With Sidestep: every request balanced", after, most);
        legend();
        line("</svg>");
        return svg.toString();
    }

    private void panel(int left, String title, List<Window> windows, long most) {
        String[] parts = title.split(":", 2);
        line(
                "<text x=\"%d\" y=\"30\" font-size=\"13\"><tspan font-weight=\"bold\">%s</tspan>:%s</text>",
                left, parts[0], parts[1]);
        int x = left;
        for (Window window : windows) {
            Map<String, Long> http = evenness.perPod(window, call -> call.kind().isHttp());
            Map<String, Long> grpc =
                    evenness.perPod(window, call -> !call.kind().isHttp());
            int group = x;
            for (String pod : new TreeSet<>(http.keySet())) {
                bar(x, http.getOrDefault(pod, 0L), grpc.getOrDefault(pod, 0L), most, pod);
                x += BAR + 8;
            }
            line(
                    "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                    (group + x - 8) / 2, BASE + 38, window.placement());
            x += 30;
        }
        line("<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#999\"/>", left, BASE, x - 30, BASE);
    }

    private void bar(int x, long http, long grpc, long most, String pod) {
        int low = (int) (TALLEST * http / most);
        int high = (int) (TALLEST * grpc / most);
        line("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>", x, BASE - low, BAR, low, HTTP);
        line("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>", x, BASE - low - high, BAR, high, GRPC);
        line(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%d</text>",
                x + BAR / 2, BASE - low - high - 5, http + grpc);
        line(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" font-size=\"10\">pod %s</text>",
                x + BAR / 2, BASE + 16, pod.replaceAll("\\D+", ""));
    }

    private void legend() {
        line(
                "<rect x=\"20\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/><text x=\"36\" y=\"%d\">HTTP requests,"
                        + " 6 connections</text>",
                HEIGHT - 19, HTTP, HEIGHT - 10);
        line(
                "<rect x=\"260\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/><text x=\"276\" y=\"%d\">gRPC calls,"
                        + " 1 channel</text>",
                HEIGHT - 19, GRPC, HEIGHT - 10);
    }

    private long most(List<Window> windows) {
        return windows.stream()
                .flatMap(window -> evenness.perPod(window, call -> true).values().stream())
                .mapToLong(Long::longValue)
                .max()
                .orElse(0);
    }

    private void line(String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
