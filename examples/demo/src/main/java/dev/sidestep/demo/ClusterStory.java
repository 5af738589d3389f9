package dev.sidestep.demo;

import java.time.Duration;
import java.util.List;
import java.util.SortedMap;

/** The demo in a cluster, step by step; what would hurt others there, such as a control plane that stops, is left out. */
final class ClusterStory {
    private static final Duration PHASE = Duration.ofSeconds(7);
    private static final Duration STEP = Duration.ofSeconds(4);
    private static final Duration START_LIMIT = Duration.ofMinutes(1);
    private static final Duration RETURN_LIMIT = Duration.ofSeconds(10);
    /** Evenness is counted from this long after each change. */
    private static final long SETTLE = Time.SECOND;
    /** Its kernel takes a moment to end the connections of a process; and clocks of nodes are not quite the same. */
    private static final long SLACK = 250_000;

    private final ClusterStage stage;
    private final Screen screen;
    private final SortedMap<String, String> placements;
    private final Facts facts = new Facts();
    private final Narrator narrator;

    ClusterStory(ClusterStage stage, Observations observations, Screen screen, SortedMap<String, String> placements) {
        this.stage = stage;
        this.screen = screen;
        this.placements = placements;
        this.narrator = new Narrator(stage, observations, placements, facts, screen);
    }

    Facts tell() throws DemoException, InterruptedException {
        screen.event("making namespace " + stage.namespace().name() + " with " + ClusterStage.PODS + " backends");
        stage.open();
        without();
        with();
        scale();
        kill();
        mode();
        return facts;
    }

    private void without() throws DemoException, InterruptedException {
        screen.chapter("Without Sidestep: kube-proxy picks a pod for each connection");
        start(ClusterStage.PLAIN, "kube-proxy alone", "disabled");
        narrator.awaitCalls(Time.nowMicros(), START_LIMIT);
        screen.event("a frontend calls backend-service over 6 connections and greeter-service over 1 channel");
        long from = Time.nowMicros() + SETTLE;
        narrator.pause(PHASE);
        facts.before.addAll(narrator.windows("without", from, Time.nowMicros()));
        placements.remove(ClusterStage.PLAIN);
        stage.stopFrontend(ClusterStage.PLAIN);
    }

    private void with() throws DemoException, InterruptedException {
        screen.chapter("With Sidestep: the same load, from one frontend with a sidecar and one with the Java agent");
        start(ClusterStage.SIDECAR, "sidecar", "sidecar");
        start(ClusterStage.AGENT, "Java agent", "agent");
        narrator.awaitCallsOnEveryPod(Time.nowMicros(), START_LIMIT);
        long from = Time.nowMicros() + SETTLE;
        narrator.pause(PHASE);
        facts.after.addAll(narrator.windows("with", from, Time.nowMicros()));
    }

    private void start(String name, String placement, String inject) throws DemoException, InterruptedException {
        placements.put(name, placement);
        stage.startFrontend(name, inject);
    }

    private void scale() throws DemoException, InterruptedException {
        screen.chapter("Scale from " + ClusterStage.PODS + " to " + (ClusterStage.PODS + 1));
        facts.scaleStart = Time.nowMicros();
        stage.scale(ClusterStage.PODS + 1);
        facts.newPod = ClusterStage.backend(ClusterStage.PODS);
        facts.newPodReady = stage.awaitReady(facts.newPod);
        screen.event(facts.newPod + " is ready");
        narrator.pause(STEP);
        facts.scaled.addAll(narrator.windows("4 pods", facts.newPodReady + SETTLE, Time.nowMicros()));
    }

    private void kill() throws DemoException, InterruptedException {
        screen.chapter("End the process of one of them, without a word to anybody");
        facts.killedPod = stage.anyBackend();
        facts.killed = Time.nowMicros();
        facts.dead = stage.halt(facts.killedPod) + SLACK;
        screen.event(facts.killedPod + " is gone; its kubelet will see it, and start it again");
        narrator.pause(STEP);
        facts.killEnd = Time.nowMicros();
        long ready = stage.awaitRestart(facts.killedPod);
        screen.event(facts.killedPod + " is ready again");
        narrator.awaitReturn(facts.killedPod, ready, RETURN_LIMIT);
    }

    private void mode() throws DemoException, InterruptedException {
        screen.chapter("sidestep.dev/mode: off on the namespace, and back");
        facts.off = Time.nowMicros();
        stage.setMode("off");
        screen.event("mode is off: every call takes kube-proxy's way");
        narrator.pause(STEP);
        facts.on = Time.nowMicros();
        stage.setMode("balance");
        screen.event("mode is balance again");
        narrator.pause(STEP);
        facts.end = Time.nowMicros();
        facts.backOn.addAll(narrator.windows("mode back", facts.on + SETTLE, facts.end));
        // None hung, and the control plane was never away.
        facts.hung = facts.end;
        facts.outage = facts.end;
    }

    /** Those that something was promised to. */
    static List<String> clients() {
        return List.of(ClusterStage.SIDECAR, ClusterStage.AGENT);
    }
}
