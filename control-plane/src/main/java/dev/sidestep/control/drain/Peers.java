package dev.sidestep.control.drain;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import dev.sidestep.control.auth.ServerIdentity;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.ClusterIndex.Published;
import dev.sidestep.control.index.IndexListener;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The other replicas, as the EndpointSlice of our own Service lists them, in whatever condition: one that is not ready or
 * terminating may still have clients. Confined to the index's owner, but for {@link #ask} and
 * {@link #close}.
 */
public final class Peers implements IndexListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Peers.class);

    /** How long an answer of a replica is waited for. */
    private static final Duration ANSWER = Duration.ofSeconds(2);

    private static final Duration FIRST_RETRY = Duration.ofMillis(100);
    private static final Duration LAST_RETRY = Duration.ofSeconds(1);

    /**
     * One replica's answer.
     *
     * @param replica its pod's name
     * @param body empty if it is silent
     */
    public record Answer(String replica, Optional<byte[]> body) {}

    /**
     * Where replicas are listed.
     *
     * @param service our own Service's port that serves xDS with TLS
     * @param ownPod the name of this replica's pod
     */
    public record Us(ClusterName service, String ownPod) {}

    private final SerialExecutor owner;
    private final ClusterIndex index;
    private final Us us;
    private final PeerLink link;
    private final Map<String, Supplier<byte[]>> topics = new HashMap<>();
    private final Set<Watch> watches = new LinkedHashSet<>();
    private Set<Peer> replicas = new LinkedHashSet<>();

    Peers(SerialExecutor owner, ClusterIndex index, Us us, PeerLink link) {
        this.owner = owner;
        this.index = index;
        this.us = us;
        this.link = link;
    }

    /**
     * Asks over TLS.
     *
     * @param identity what replicas prove themselves with
     * @param token the file with the token that we prove ourselves with
     */
    public static Peers create(SerialExecutor owner, ClusterIndex index, Us us, ServerIdentity identity, Path token) {
        String name = us.service().service() + "." + us.service().namespace() + ".svc";
        var link = new GrpcPeerLink(owner, new PeerChannels(identity, token, name)::connect);
        identity.listen(bundle -> owner.execute(link::reconnect));
        return new Peers(owner, index, us, link);
    }

    /** Asks nobody any more. Any thread. */
    @Override
    public void close() {
        owner.execute(link::close);
    }

    @Override
    public void onTouched(Touched touched) {
        owner.checkCurrent();
        if (!touched.names().contains(us.service().value())) {
            return;
        }
        var now = new LinkedHashSet<Peer>();
        List<Endpoint> listed = index.lookup(us.service().value())
                .map(Published::cluster)
                .map(Cluster::endpoints)
                .orElse(List.of());
        for (Endpoint endpoint : listed) {
            if (!endpoint.pod().equals(us.ownPod())) {
                String pod = endpoint.pod().isEmpty() ? endpoint.address() : endpoint.pod();
                now.add(new Peer(pod, endpoint.address(), endpoint.port()));
            }
        }
        if (!now.equals(replicas)) {
            LOG.info("other replicas: {}", now.stream().map(Peer::pod).toList());
            replicas = now;
            link.retain(now);
            List.copyOf(watches).forEach(Watch::adjust);
        }
    }

    /** How many others there are. */
    int count() {
        owner.checkCurrent();
        return replicas.size();
    }

    /** Gives {@code answer} to whoever asks for {@code topic}; it is called on the owner. */
    public void answer(String topic, Supplier<byte[]> answer) {
        owner.checkCurrent();
        topics.put(topic, answer);
    }

    /** What this replica has to say on {@code topic}; empty if it knows of no such thing. */
    Optional<byte[]> ownAnswer(String topic) {
        owner.checkCurrent();
        return Optional.ofNullable(topics.get(topic)).map(Supplier::get);
    }

    /** Asks all replicas, this one first, for {@code topic}; completes on the owner, within 2 s. Any thread. */
    public CompletableFuture<List<Answer>> ask(String topic) {
        var result = new CompletableFuture<List<Answer>>();
        owner.execute(() -> new Round(result).ask(topic));
        return result;
    }

    /** One question to all. */
    private final class Round {
        private final CompletableFuture<List<Answer>> result;
        private final Map<String, Optional<byte[]>> answers = new LinkedHashMap<>();
        private int missing;

        Round(CompletableFuture<List<Answer>> result) {
            this.result = result;
        }

        void ask(String topic) {
            missing = replicas.size() + 1;
            answers.put(us.ownPod(), ownAnswer(topic));
            for (Peer peer : replicas) {
                answers.put(peer.pod(), Optional.empty());
                link.ask(
                        peer,
                        topic,
                        ANSWER,
                        body -> {
                            answers.put(peer.pod(), Optional.of(body));
                            heard();
                        },
                        reason -> {
                            LOG.warn("replica {}: no answer on {}: {}", peer.pod(), topic, reason);
                            heard();
                        });
            }
            heard(); // Of ourselves.
        }

        private void heard() {
            missing--;
            if (missing == 0) {
                List<Answer> all = new ArrayList<>();
                answers.forEach((replica, body) -> all.add(new Answer(replica, body)));
                result.complete(all);
            }
        }
    }

    /**
     * Watches what all others say of their clients and {@code pod}, until {@link Watch#close}.
     *
     * @param changed told when {@link Watch#isAcknowledged} may have turned
     */
    Watch watch(PodName pod, Runnable changed) {
        owner.checkCurrent();
        var watch = new Watch(pod, changed);
        watches.add(watch);
        watch.adjust();
        return watch;
    }

    /** What all others say of one pod. Confined to the owner. */
    final class Watch {
        private final PodName pod;
        private final Runnable changed;
        private final Map<Peer, Line> lines = new LinkedHashMap<>();

        private Watch(PodName pod, Runnable changed) {
            this.pod = pod;
            this.changed = changed;
        }

        private void adjust() {
            lines.entrySet().removeIf(entry -> {
                boolean gone = !replicas.contains(entry.getKey());
                if (gone) {
                    entry.getValue().close();
                }
                return gone;
            });
            for (Peer replica : replicas) {
                lines.computeIfAbsent(replica, key -> new Line(this, key)).open();
            }
            changed.run();
        }

        /** Whether every one has acknowledged; a silent one has not. */
        boolean isAcknowledged() {
            return lines.values().stream().allMatch(line -> line.acknowledged);
        }

        /** What is missing, as {@code replica: reason}. */
        List<String> missing() {
            return lines.entrySet().stream()
                    .filter(entry -> !entry.getValue().acknowledged)
                    .map(entry -> entry.getKey().pod() + ": " + entry.getValue().said)
                    .toList();
        }

        void close() {
            watches.remove(this);
            lines.values().forEach(Line::close);
            lines.clear();
        }
    }

    /** One replica's word on one pod; asked again when it falls silent. */
    private final class Line implements PeerLink.Listener {
        private final Watch watch;
        private final Peer replica;
        private Cancellable asking = () -> {};
        private boolean open;
        private boolean acknowledged;
        private String said = "silent";
        private Duration retry = FIRST_RETRY;

        Line(Watch watch, Peer replica) {
            this.watch = watch;
            this.replica = replica;
        }

        void open() {
            if (!open) {
                open = true;
                asking = link.watch(replica, watch.pod, this);
            }
        }

        @Override
        public void onStanding(boolean nowAcknowledged, int owing, List<String> clients) {
            if (!open) {
                return;
            }
            retry = FIRST_RETRY;
            said = owing + " clients have not acknowledged: " + String.join(", ", clients);
            if (acknowledged != nowAcknowledged) {
                acknowledged = nowAcknowledged;
                watch.changed.run();
            }
        }

        @Override
        public void onLost(String reason) {
            if (!open) {
                return;
            }
            said = "silent (" + reason + ")";
            asking = owner.schedule(retry, () -> {
                if (open) {
                    asking = link.watch(replica, watch.pod, this);
                }
            });
            retry = retry.multipliedBy(2).compareTo(LAST_RETRY) > 0 ? LAST_RETRY : retry.multipliedBy(2);
            if (acknowledged) {
                acknowledged = false;
                watch.changed.run();
            }
        }

        void close() {
            open = false;
            asking.cancel();
        }
    }
}
