package dev.sidestep.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What was promised, and what the observations say of it. Nothing here is assumed: without an observation, not kept. */
final class Judgement {
    private static final double EVEN = 1.05;

    private final Facts facts;
    private final Observations observations;
    private final List<String> clients;

    /** {@code clients}: those that something was promised to. */
    Judgement(Facts facts, Observations observations, List<String> clients) {
        this.facts = facts;
        this.observations = observations;
        this.clients = clients;
    }

    /** Of the whole story. */
    List<Promise> promises() {
        return withMissing(List.of(
                even(),
                newPod(),
                deadPod("SIGKILL"),
                hungPod(),
                safeRequests("GETs on scale, kill, outage, mode change"),
                cutAtTheKill(),
                snapshot(),
                modeOff()));
    }

    /** Of the story in a cluster: what would hurt others is left out, and the VIP's part is seen from outside only. */
    List<Promise> inACluster() {
        return withMissing(List.of(
                even(),
                newPod(),
                deadPod("its end"),
                safeRequests("GETs on scale, kill, mode change"),
                cutAtTheKill(),
                modeOffByPods()));
    }

    private List<Promise> withMissing(List<Promise> promises) {
        return Stream.concat(
                        promises.stream(),
                        facts.missing.stream()
                                .map(each -> new Promise("the story goes on", "in time", "not", false, each)))
                .toList();
    }

    private Promise even() {
        var evenness = new Evenness(observations);
        List<Window> healthy = Stream.of(facts.after, facts.scaled, facts.outageWindows, facts.backOn)
                .flatMap(List::stream)
                .toList();
        Evenness.Ratio worst = evenness.worst(healthy);
        return new Promise(
                "requests even over healthy pods",
                "max/mean <= " + EVEN,
                String.format(
                        Locale.ROOT,
                        "%.3f (without: %.2f)",
                        worst.maxOverMean(),
                        evenness.worst(facts.before).maxOverMean()),
                worst.maxOverMean() <= EVEN,
                worst.of());
    }

    private Promise newPod() {
        List<Long> waits = new ArrayList<>();
        for (String client : clients) {
            for (boolean http : List.of(true, false)) {
                observations
                        .calls(call -> call.ok()
                                && call.client().equals(client)
                                && call.kind().isHttp() == http
                                && call.pod().equals(facts.newPod))
                        .stream()
                        .mapToLong(call -> Math.max(0, call.endMicros() - facts.newPodReady))
                        .min()
                        .ifPresent(waits::add);
            }
        }
        boolean all = waits.size() == 2 * clients.size();
        long slowest = waits.stream().mapToLong(Long::longValue).max().orElse(0);
        return new Promise(
                "new pod used",
                "<= 1 s after ready",
                all ? Time.seconds(slowest) : "by " + waits.size() + " of " + 2 * clients.size(),
                all && slowest <= Time.SECOND);
    }

    /** A dead pod has no log. What tells of an attempt at it is the next attempt, at another pod, or a failed call. */
    private Promise deadPod(String since) {
        long last = facts.killed;
        for (String client : clients) {
            for (boolean http : List.of(true, false)) {
                List<Long> attempts = new ArrayList<>();
                observations
                        .arrivals(each -> each.client().equals(client)
                                && each.http() == http
                                && each.attempt() > 1
                                && within(each.micros(), facts.killed, facts.killEnd))
                        .forEach(each -> attempts.add(each.micros()));
                observations
                        .calls(each -> each.client().equals(client)
                                && each.kind().isHttp() == http
                                && !each.ok()
                                && within(each.endMicros(), facts.killed, facts.killEnd))
                        .forEach(each -> attempts.add(each.endMicros()));
                last = Math.max(last, LeftAlone.lastBefore(attempts).orElse(facts.killed));
            }
        }
        return new Promise(
                "dead pod left alone",
                "<= 1 s after " + since,
                Time.seconds(last - facts.killed),
                last - facts.killed <= Time.SECOND);
    }

    private Promise hungPod() {
        long worst = 0;
        int seen = 0;
        for (String client : clients) {
            for (boolean http : List.of(true, false)) {
                List<Long> attempts = observations
                        .arrivals(each -> each.client().equals(client)
                                && each.http() == http
                                && each.held()
                                && each.pod().equals(facts.hungPod)
                                && within(each.micros(), facts.hung, facts.healed))
                        .stream()
                        .map(Arrival::micros)
                        .sorted()
                        .toList();
                OptionalLong last = LeftAlone.lastBefore(attempts);
                if (last.isPresent()) {
                    seen++;
                    worst = Math.max(worst, last.getAsLong() - attempts.get(0) - Time.SECOND);
                }
            }
        }
        return new Promise(
                "hung pod left alone",
                "<= 2 s after 1 s unanswered",
                seen == 0 ? "no request came to it" : Time.seconds(worst),
                seen > 0 && worst <= 2 * Time.SECOND);
    }

    private Promise safeRequests(String promise) {
        long all = observations
                .calls(each -> each.kind() == Call.Kind.GET && isPromised(each))
                .size();
        List<Call> failed = observations.calls(each -> each.kind() == Call.Kind.GET && !each.ok() && isPromised(each));
        return new Promise(
                promise, "0 failed", failed.size() + " of " + all, all > 0 && failed.isEmpty(), first(failed));
    }

    /** Each gRPC call is a POST. One that was sent to the pod that died may have been served: nobody may repeat it. */
    private Promise cutAtTheKill() {
        Predicate<Call> unsafe = each -> each.kind() != Call.Kind.GET && isPromised(each);
        long all = observations.calls(unsafe).size();
        List<Call> failed = observations.calls(each -> unsafe.test(each) && !each.ok());
        List<Call> unexplained = failed.stream()
                .filter(each -> !each.error().contains("RESET_AFTER_SEND")
                        || each.startMicros() > facts.dead
                        || each.endMicros() < facts.killed)
                .toList();
        return new Promise(
                "POSTs and gRPC calls cut by the kill",
                "say RESET_AFTER_SEND",
                (failed.size() - unexplained.size()) + " of " + failed.size() + " failed (of " + all + ")",
                all > 0 && unexplained.isEmpty(),
                first(unexplained));
    }

    /** The VIP serves a start as it would without us; what counts is how soon it is not needed. */
    private Promise snapshot() {
        List<Arrival> all = observations.arrivals(
                each -> each.client().equals(Stage.SECOND) && within(each.micros(), facts.restarted, facts.outageEnd));
        long first = all.stream().mapToLong(Arrival::micros).min().orElse(0);
        long lastVip = all.stream()
                .filter(Arrival::viaVip)
                .mapToLong(Arrival::micros)
                .max()
                .orElse(first);
        long direct = all.stream().filter(each -> !each.viaVip()).count();
        return new Promise(
                "app restarted without control plane",
                "balanced <= 1 s, by snapshot",
                direct == 0 ? "never" : Time.seconds(lastVip - first),
                direct > 0 && lastVip - first <= Time.SECOND);
    }

    private Promise modeOff() {
        OptionalLong lastDirect =
                observations.arrivals(each -> !each.viaVip() && within(each.micros(), facts.off, facts.on)).stream()
                        .mapToLong(Arrival::micros)
                        .max();
        OptionalLong lastVip =
                observations.arrivals(each -> each.viaVip() && within(each.micros(), facts.on, facts.end)).stream()
                        .mapToLong(Arrival::micros)
                        .max();
        long off = lastDirect.orElse(facts.off) - facts.off;
        long back = lastVip.orElse(facts.on) - facts.on;
        boolean vipUsed = !observations
                .arrivals(each -> each.viaVip() && within(each.micros(), facts.off, facts.on))
                .isEmpty();
        return new Promise(
                "mode: off, everything to the VIP, and back",
                "<= 1 s",
                vipUsed ? Time.seconds(off) + ", " + Time.seconds(back) : "no call came by the VIP",
                vipUsed && off <= Time.SECOND && back <= Time.SECOND);
    }

    /**
     * By who answered, for nobody can ask kube-proxy: off, a channel that is kept leads to the one pod that the VIP drew
     * for it, and balanced to all. A client whose connections to the VIP happen to lead to every pod tells nothing.
     */
    private Promise modeOffByPods() {
        long off = 0;
        long back = 0;
        List<String> untold = new ArrayList<>();
        for (String client : clients) {
            for (boolean http : List.of(true, false)) {
                List<Call> calls = observations.calls(call -> call.ok()
                        && call.client().equals(client)
                        && call.kind().isHttp() == http
                        && within(call.startMicros(), facts.off, facts.end));
                Set<String> drawn = calls.stream()
                        .filter(call -> within(call.startMicros(), facts.on - Time.SECOND, facts.on))
                        .map(Call::pod)
                        .collect(Collectors.toSet());
                List<Call> elsewhere = calls.stream()
                        .filter(call -> !drawn.contains(call.pod()))
                        .toList();
                OptionalLong returned = elsewhere.stream()
                        .mapToLong(Call::startMicros)
                        .filter(micros -> micros >= facts.on)
                        .min();
                if (drawn.isEmpty() || returned.isEmpty()) {
                    if (!http) {
                        untold.add(client);
                    }
                    continue;
                }
                long last = elsewhere.stream()
                        .mapToLong(Call::startMicros)
                        .filter(micros -> micros < facts.on)
                        .max()
                        .orElse(facts.off);
                off = Math.max(off, last - facts.off);
                back = Math.max(back, returned.getAsLong() - facts.on);
            }
        }
        return new Promise(
                "mode: off, every channel on one connection, and back",
                "<= 1 s",
                untold.isEmpty() ? Time.seconds(off) + ", " + Time.seconds(back) : "not to be seen",
                untold.isEmpty() && off <= Time.SECOND && back <= Time.SECOND,
                untold.isEmpty()
                        ? ""
                        : "while off, gRPC calls went to every pod, or to none, from " + String.join(", ", untold));
    }

    /** Not if a pod hung meanwhile: a call that it took, if only just before, may run into its own time-out. */
    private boolean isPromised(Call call) {
        return (call.startMicros() >= facts.scaleStart && call.endMicros() < facts.hung)
                || within(call.startMicros(), facts.outage, facts.end);
    }

    private static boolean within(long micros, long from, long to) {
        return micros >= from && micros < to;
    }

    private static String first(List<Call> failed) {
        return failed.isEmpty()
                ? ""
                : failed.get(0).client() + " " + failed.get(0).kind() + ": "
                        + failed.get(0).error();
    }
}
