package dev.sidestep.control.kube;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.index.SourceListener;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows Services, EndpointSlices, Namespaces, Pods and Nodes. Where slices cannot be read, Endpoints take their place;
 * where one of the last three cannot be, only what it would add is missing. Confined to {@code owner}, but for {@link
 * #start}.
 *
 * <p>What it needs to be granted: list and watch on {@code services}, {@code endpoints}, {@code namespaces}, {@code pods},
 * {@code nodes} and {@code endpointslices.discovery.k8s.io}; with a set of namespaces in these, but for {@code nodes} and
 * {@code namespaces}, which are in none.
 */
public final class KubernetesSource implements Follower.Progress {
    private static final Logger LOG = LoggerFactory.getLogger(KubernetesSource.class);

    /** An API server sends bookmarks about once a minute; two missed ones and some. */
    private static final Duration SILENCE = Duration.ofSeconds(150);

    private static final long STOP_SECONDS = 2;

    private static final Duration CHECK = Duration.ofSeconds(5);

    private final SerialExecutor owner;
    private final KubernetesClient client;
    private final Set<String> namespaces;
    private final SourceListener listener;
    private final List<Follower> followers = new ArrayList<>();
    private final Set<Follower> missing = new HashSet<>();
    private final Set<String> withEndpoints = new HashSet<>();
    private boolean synced;
    private final Set<Follower> listingAgain = new HashSet<>();

    /**
     * Reads only after {@link #start}.
     *
     * @param namespaces those to follow; empty: all
     */
    public KubernetesSource(
            SerialExecutor owner, KubernetesClient client, Set<String> namespaces, SourceListener listener) {
        this.owner = owner;
        this.client = client;
        this.namespaces = Set.copyOf(namespaces);
        this.listener = listener;
    }

    /** Begins to follow. Any thread, once. */
    public void start() {
        owner.execute(() -> {
            for (String namespace : namespaces.isEmpty() ? Set.of("") : namespaces) {
                follow(Resource.NAMESPACES, namespace);
                follow(Resource.SERVICES, namespace);
                follow(Resource.ENDPOINT_SLICES, namespace);
                follow(Resource.PODS, namespace);
            }
            follow(Resource.NODES, "");
            check();
        });
    }

    /** Ends it, and waits for that a moment: informers that outlive their client only complain. Any thread but the owner. */
    public void stop() throws InterruptedException {
        var stopped = new CountDownLatch(1);
        owner.execute(() -> {
            followers.forEach(Follower::stop);
            stopped.countDown();
        });
        if (!stopped.await(STOP_SECONDS, TimeUnit.SECONDS)) {
            LOG.warn("the informers did not stop within {} s", STOP_SECONDS);
        }
    }

    /** Lists all endpoints again, and tells the listener when that is done. Any thread. */
    public void listAgain() {
        owner.execute(() -> {
            if (!listingAgain.isEmpty()) {
                return; // Whoever asked first is answered with what the others want as well.
            }
            for (Follower follower : followers) {
                boolean endpoints =
                        follower.resource() == Resource.ENDPOINT_SLICES || follower.resource() == Resource.ENDPOINTS;
                if (endpoints && !missing.contains(follower)) {
                    listingAgain.add(follower);
                    follower.listAgain();
                }
            }
        });
    }

    @Override
    public void onListed(Follower follower) {
        owner.checkCurrent();
        if (listingAgain.remove(follower) && listingAgain.isEmpty()) {
            listener.onListedAgain();
        }
        missing.remove(follower);
        if (!synced && missing.isEmpty()) {
            synced = true;
            listener.onSynced();
        }
    }

    @Override
    public void onDenied(Follower follower) {
        owner.checkCurrent();
        switch (follower.resource()) {
            case ENDPOINT_SLICES -> {
                if (withEndpoints.add(follower.namespace())) {
                    LOG.warn(
                            "Endpoints are read in place of EndpointSlices: they know no zones, hints or terminating pods");
                    follow(Resource.ENDPOINTS, follower.namespace());
                }
                onListed(follower); // Its place is taken; it is tried on, and counts again as soon as there are slices.
            }
            // Without them, their annotations, and where clients run, are not known, and all else is.
            case NAMESPACES, PODS, NODES -> onListed(follower);
            case SERVICES, ENDPOINTS -> {
                // Nothing can take their place: not ready, with the reason in /status.
            }
        }
    }

    private void follow(Resource resource, String namespace) {
        var follower = new Follower(owner, client, resource, namespace, listener, this);
        followers.add(follower);
        missing.add(follower);
        follower.start();
    }

    private void check() {
        followers.forEach(follower -> follower.checkSilence(SILENCE, LOG::warn));
        owner.schedule(CHECK, this::check);
    }
}
