package dev.sidestep.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/** What happens between the steps of every telling: it waits, and says so when it waits in vain. Used by one thread. */
final class Narrator {
    private final Cast cast;
    private final Observations observations;
    private final SortedMap<String, String> placements;
    private final Facts facts;
    private final Screen screen;

    /** {@code placements}: the clients that call now, and how each is shown. */
    Narrator(Cast cast, Observations observations, SortedMap<String, String> placements, Facts facts, Screen screen) {
        this.cast = cast;
        this.observations = observations;
        this.placements = placements;
        this.facts = facts;
        this.screen = screen;
    }

    /** Until every client has had an answer of both kinds: a machine under load takes its time to start JVMs. */
    void awaitCalls(long since, Duration limit) throws DemoException, InterruptedException {
        List<String> missing = awaitOnAll(since, "", limit);
        if (!missing.isEmpty()) {
            throw new DemoException("no answer after " + limit.toSeconds() + " s: " + String.join(", ", missing));
        }
    }

    /** Until every client has had an answer of both kinds from every pod, as soon as one that has just started can. */
    void awaitCallsOnEveryPod(long since, Duration limit) throws DemoException, InterruptedException {
        awaitCalls(since, limit);
        for (String pod : podNames()) {
            List<String> missing = awaitOnAll(since, pod, limit);
            if (!missing.isEmpty()) {
                facts.missing.add(
                        pod + " is not used within " + limit.toSeconds() + " s by: " + String.join(", ", missing));
            }
        }
    }

    /** Until every client has had an answer of both kinds from {@code pod}; that it had none is left in the facts. */
    void awaitReturn(String pod, long since, Duration limit) throws DemoException, InterruptedException {
        List<String> missing = awaitOnAll(since, pod, limit);
        if (missing.isEmpty()) {
            screen.event(pod + " has its share again after " + Time.seconds(Time.nowMicros() - since));
        } else {
            facts.missing.add(pod + " is well again, and not used within " + limit.toSeconds() + " s by: "
                    + String.join(", ", missing));
        }
    }

    /** Who had no answer within {@code limit}; from {@code pod}, or from any if it is "". */
    private List<String> awaitOnAll(long since, String pod, Duration limit) throws DemoException, InterruptedException {
        List<String> missing = new ArrayList<>();
        long deadline = System.nanoTime() + limit.toNanos();
        for (String client : placements.keySet()) {
            for (boolean http : List.of(true, false)) {
                while (!hasAnswered(client, http, pod, since) && System.nanoTime() - deadline < 0) {
                    cast.check();
                    Thread.sleep(20);
                }
                if (!hasAnswered(client, http, pod, since)) {
                    missing.add(client + (http ? ", HTTP" : ", gRPC"));
                }
            }
        }
        return missing;
    }

    private boolean hasAnswered(String client, boolean http, String pod, long since) {
        return observations.anyCall(call -> call.ok()
                && call.startMicros() >= since
                && call.client().equals(client)
                && call.kind().isHttp() == http
                && (pod.isEmpty() || call.pod().equals(pod)));
    }

    void pause(Duration duration) throws DemoException, InterruptedException {
        long end = System.nanoTime() + duration.toNanos();
        while (System.nanoTime() - end < 0) {
            Thread.sleep(50);
            cast.check();
        }
    }

    List<String> podNames() {
        return List.copyOf(cast.pods().keySet());
    }

    /** One for each client that calls now. */
    List<Window> windows(String name, long from, long to) {
        return placements.entrySet().stream()
                .map(client -> new Window(name, client.getKey(), client.getValue(), from, to, podNames()))
                .toList();
    }
}
