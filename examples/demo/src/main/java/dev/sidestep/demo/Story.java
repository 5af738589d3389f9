package dev.sidestep.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * The demo, step by step. Each step does one thing to the system, waits, and leaves in {@link Facts} the moments that
 * the promises are judged by.
 */
final class Story {
    private static final Duration PHASE = Duration.ofSeconds(6);
    private static final Duration STEP = Duration.ofSeconds(4);
    private static final Duration OUTAGE = Duration.ofSeconds(5);
    private static final Duration START_LIMIT = Duration.ofMinutes(1);
    private static final Duration RETURN_LIMIT = Duration.ofSeconds(10);
    private static final int PODS = 3;
    /** Evenness is counted from this long after each change. */
    private static final long SETTLE = Time.SECOND;

    private final Stage stage;
    private final Screen screen;
    private final SortedMap<String, String> placements;
    private final Facts facts = new Facts();
    private final Narrator narrator;

    Story(Stage stage, Observations observations, Screen screen, SortedMap<String, String> placements) {
        this.stage = stage;
        this.screen = screen;
        this.placements = placements;
        this.narrator = new Narrator(stage, observations, placements, facts, screen);
    }

    Facts tell() throws DemoException, InterruptedException {
        raiseTheCurtain();
        without();
        with();
        scale();
        kill();
        hang();
        outage();
        mode();
        return facts;
    }

    private void raiseTheCurtain() throws DemoException, InterruptedException {
        screen.event("starting " + PODS + " backends, the control plane and a sidecar");
        stage.openServices();
        List<Pod> pods = new ArrayList<>();
        for (int i = 0; i < PODS; i++) {
            pods.add(stage.startPod());
        }
        for (Pod each : pods) {
            stage.admit(each);
        }
        stage.startControlPlane();
        stage.startSidecar();
    }

    private void without() throws DemoException, InterruptedException {
        screen.chapter(
                "Without Sidestep: the VIP is a forwarder with kube-proxy's rule, a random pod for each connection");
        for (String client : Stage.CLIENTS) {
            placements.put(client, client + ", without");
            stage.startFrontend(client, Programs.Placement.without());
        }
        narrator.awaitCalls(Time.nowMicros(), START_LIMIT);
        stage.awaitListening("the control plane", stage.layout().xds());
        stage.awaitListening("the sidecar", stage.layout().proxy());
        screen.event("two frontends call " + stage.layout().httpUrl() + " over 6 connections and "
                + stage.layout().grpcTarget() + " over 1 channel each");
        long from = Time.nowMicros() + SETTLE;
        narrator.pause(PHASE.plusSeconds(1));
        facts.before.addAll(narrator.windows("without", from, Time.nowMicros()));
    }

    private void with() throws DemoException, InterruptedException {
        screen.chapter("With Sidestep: the same load, one frontend behind the sidecar, the other with the agent");
        Stage.CLIENTS.forEach(stage::stop);
        long restarted = Time.nowMicros();
        placements.put(Stage.FIRST, Stage.FIRST + ", sidecar");
        placements.put(Stage.SECOND, Stage.SECOND + ", agent");
        stage.startFrontend(
                Stage.FIRST, Programs.Placement.behindSidecar(stage.layout().proxy()));
        stage.startFrontend(
                Stage.SECOND, stage.programs().withAgent(stage.layout().xds()));
        narrator.awaitCalls(restarted, START_LIMIT);
        long from = Time.nowMicros() + SETTLE;
        narrator.pause(PHASE.plusSeconds(1));
        facts.after.addAll(narrator.windows("with", from, Time.nowMicros()));
    }

    private void scale() throws DemoException, InterruptedException {
        screen.chapter("Scale from " + PODS + " to " + (PODS + 1));
        facts.scaleStart = Time.nowMicros();
        Pod pod = stage.startPod();
        facts.newPod = pod.name();
        facts.newPodReady = stage.admit(pod);
        screen.event(pod.name() + " is ready and listed");
        narrator.pause(STEP);
        facts.scaled.addAll(narrator.windows("4 pods", facts.newPodReady + SETTLE, Time.nowMicros()));
    }

    private void kill() throws DemoException, InterruptedException {
        screen.chapter("Kill one of them (SIGKILL): the manifest goes on listing it");
        Pod victim = stage.anyPod();
        facts.killedPod = victim.name();
        facts.killed = Time.nowMicros();
        victim.process().kill();
        victim.process().awaitExitOrKill(1_000);
        facts.dead = Time.nowMicros();
        victim.becomes(PodState.KILLED);
        screen.event(victim.name() + " is killed");
        narrator.pause(STEP);
        facts.killEnd = Time.nowMicros();
        stage.restart(victim);
        stage.admit(victim);
        screen.event(victim.name() + " is started again, as its kubelet would");
        narrator.awaitReturn(victim.name(), Time.nowMicros(), RETURN_LIMIT);
    }

    private void hang() throws DemoException, InterruptedException {
        screen.chapter("Hang one: it takes requests and answers none; the manifest goes on listing it");
        Pod victim = stage.anyPod();
        facts.hungPod = victim.name();
        facts.hung = Time.nowMicros();
        victim.hang();
        victim.becomes(PodState.HUNG);
        screen.event(victim.name() + " hangs");
        narrator.pause(STEP);
        facts.healed = Time.nowMicros();
        victim.heal();
        victim.becomes(PodState.READY);
        screen.event(victim.name() + " is healed");
        narrator.awaitReturn(victim.name(), facts.healed, RETURN_LIMIT);
    }

    private void outage() throws DemoException, InterruptedException {
        screen.chapter("Stop the control plane for 5 s, and restart the agent's frontend meanwhile");
        facts.outage = Time.nowMicros();
        stage.stop("control-plane");
        screen.event("the control plane is stopped");
        stage.stop(Stage.SECOND);
        facts.restarted = Time.nowMicros();
        stage.startFrontend(
                Stage.SECOND, stage.programs().withAgent(stage.layout().xds()));
        narrator.awaitCalls(facts.restarted, START_LIMIT);
        long back = Time.nowMicros();
        screen.event(Stage.SECOND + " is up again, with nothing but its snapshot");
        narrator.pause(Duration.ofMillis(OUTAGE.toMillis() - (back - facts.outage) / 1000));
        facts.outageEnd = Time.nowMicros();
        // The second has been there only since it is back.
        narrator.windows("outage", facts.outage + SETTLE, facts.outageEnd).stream()
                .map(each -> each.client().equals(Stage.FIRST) ? each : each.from(back + SETTLE))
                .forEach(facts.outageWindows::add);
        stage.startControlPlane();
        stage.awaitListening("the control plane", stage.layout().xds());
        long up = Time.nowMicros();
        if (stage.awaitClients(RETURN_LIMIT)) {
            screen.event("the control plane is back, and both clients are with it after "
                    + Time.seconds(Time.nowMicros() - up));
        } else {
            facts.missing.add("sidecar and agent are not both connected to the new control plane within "
                    + RETURN_LIMIT.toSeconds() + " s");
        }
    }

    private void mode() throws DemoException, InterruptedException {
        screen.chapter("sidestep.dev/mode: off on both Services, and back");
        facts.off = Time.nowMicros();
        stage.setMode("off");
        screen.event("mode is off: everything goes to the VIP");
        narrator.pause(Duration.ofSeconds(3));
        facts.on = Time.nowMicros();
        stage.setMode("balance");
        screen.event("mode is balance again");
        narrator.pause(STEP);
        facts.end = Time.nowMicros();
        facts.backOn.addAll(narrator.windows("mode back", facts.on + SETTLE, facts.end));
    }
}
