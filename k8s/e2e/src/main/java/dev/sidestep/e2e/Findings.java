package dev.sidestep.e2e;

import dev.sidestep.e2e.Finding.Verdict;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a run has seen so far, told as it comes. Confined to the main thread. */
public final class Findings {
    private final PrintStream out;
    private final List<Finding> all = new ArrayList<>();
    private String scenario = "";

    public Findings(PrintStream out) {
        this.out = out;
    }

    void begin(String name) {
        scenario = name;
    }

    public void check(String what, String bar, String seen, boolean kept) {
        add(new Finding(scenario, what, bar, seen, kept ? Verdict.KEPT : Verdict.BROKEN));
    }

    /** Like {@link #check}, of a number that has to be at most so large. */
    public void atMost(String what, double most, String unit, double seen) {
        check(what, "<= " + number(most) + unit, number(seen) + unit, seen <= most);
    }

    public void figure(String what, String seen) {
        add(new Finding(scenario, what, "", seen, Verdict.FIGURE));
    }

    public void notRun(String what, String reason) {
        add(new Finding(scenario, what, "", reason, Verdict.NOT_RUN));
    }

    private void add(Finding finding) {
        all.add(finding);
        out.printf(
                Locale.ROOT,
                "  %-7s %s: %s%s%n",
                finding.verdict().text(),
                finding.what(),
                finding.seen(),
                finding.bar().isEmpty() ? "" : " (" + finding.bar() + ")");
    }

    public List<Finding> all() {
        return List.copyOf(all);
    }

    public long count(Verdict verdict) {
        return all.stream().filter(each -> each.verdict() == verdict).count();
    }

    static String number(double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.3f", value);
    }
}
