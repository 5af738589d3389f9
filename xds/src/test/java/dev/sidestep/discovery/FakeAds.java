package dev.sidestep.discovery;

import dev.sidestep.model.Self;
import dev.sidestep.xds.AdsMethods;
import dev.sidestep.xds.EncodedResource;
import dev.sidestep.xds.Frame;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.SelfEncoder;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A control plane that knows what it is told, and does what a test wants of it. Any thread. */
final class FakeAds {
    private final Map<String, EncodedResource> services = new ConcurrentHashMap<>();
    private final List<Session> sessions = new CopyOnWriteArrayList<>();
    private final List<DeltaDiscoveryRequest> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger nonces = new AtomicInteger();
    private volatile boolean repeatsRefused;
    private volatile long firstAnswerMillis;
    private volatile String caBundle = "";

    ServerServiceDefinition service() {
        return ServerServiceDefinition.builder(AdsMethods.SERVICE)
                .addMethod(AdsMethods.SERVE_DELTA, ServerCalls.asyncBidiStreamingCall(responses -> {
                    var session = new Session((ServerCallStreamObserver<Frame>) responses);
                    sessions.add(session);
                    return session;
                }))
                .build();
    }

    /** Answers a refusal with what was refused, at once. */
    void repeatRefused() {
        repeatsRefused = true;
    }

    void takeItsTime(long millis) {
        firstAnswerMillis = millis;
    }

    /** Clients that connect from now on are told to trust these. */
    void tellCaBundle(String pem) {
        caBundle = pem;
    }

    /** Sends everybody away. */
    void endStreams() {
        sessions.forEach(session -> session.responses.onError(
                Status.UNAVAILABLE.withDescription("go").asRuntimeException()));
        sessions.clear();
    }

    /** All subscribers are told at once. */
    void put(EncodedResource service) {
        services.put(service.name(), service);
        sessions.forEach(session -> session.answer(List.of(service.name())));
    }

    /** As {@link #put}, but only to those that can take it. */
    int putWhereReady(EncodedResource service) {
        services.put(service.name(), service);
        int told = 0;
        for (Session session : sessions) {
            if (session.responses.isReady()) {
                session.answer(List.of(service.name()));
                told++;
            }
        }
        return told;
    }

    List<DeltaDiscoveryRequest> requests() {
        return List.copyOf(requests);
    }

    long refusals() {
        return requests.stream().filter(DeltaDiscoveryRequest::hasErrorDetail).count();
    }

    int streams() {
        return sessions.size();
    }

    private final class Session implements StreamObserver<DeltaDiscoveryRequest> {
        private final ServerCallStreamObserver<Frame> responses;
        private final Map<String, String> known = new ConcurrentHashMap<>();
        private final List<String> subscribed = new CopyOnWriteArrayList<>();

        Session(ServerCallStreamObserver<Frame> responses) {
            this.responses = responses;
            // Sessions that are over are answered into nothing.
            responses.setOnCancelHandler(() -> sessions.remove(this));
        }

        @Override
        public void onNext(DeltaDiscoveryRequest request) {
            requests.add(request);
            known.putAll(request.getInitialResourceVersionsMap());
            if (request.getTypeUrl().equals(ResourceType.SELF)) {
                if (request.getResponseNonce().isEmpty()) {
                    answerSelf();
                }
                return;
            }
            subscribed.addAll(request.getResourceNamesSubscribeList());
            subscribed.removeAll(request.getResourceNamesUnsubscribeList());
            answer(request.getResourceNamesSubscribeList());
            if (request.getInitialResourceVersionsCount() > 0) {
                responses.onNext(Frame.delta(ResourceType.SERVICE, nonce(), List.of(), List.of()));
            }
            if (request.hasErrorDetail() && repeatsRefused) {
                answer(subscribed);
            }
        }

        private synchronized void answerSelf() {
            try {
                Thread.sleep(firstAnswerMillis); // As slow as a server that has other things to do.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            responses.onNext(Frame.delta(
                    ResourceType.SELF,
                    nonce(),
                    List.of(new Frame.Named(SelfEncoder.encode(Self.inNamespace("default"), caBundle), List.of())),
                    List.of()));
        }

        synchronized void answer(Collection<String> names) {
            List<Frame.Named> found = new ArrayList<>();
            List<String> removed = new ArrayList<>();
            for (String name : names) {
                @Nullable EncodedResource resource = services.get(name);
                if (!subscribed.contains(name)) {
                    continue;
                }
                if (resource == null) {
                    removed.add(name);
                } else if (!resource.version().equals(known.remove(name))) {
                    found.add(new Frame.Named(resource, List.of()));
                }
            }
            if (!found.isEmpty() || !removed.isEmpty()) {
                responses.onNext(Frame.delta(ResourceType.SERVICE, nonce(), found, removed));
            }
        }

        private String nonce() {
            return Integer.toString(nonces.incrementAndGet());
        }

        @Override
        public void onError(Throwable gone) {
            sessions.remove(this);
        }

        @Override
        public void onCompleted() {
            sessions.remove(this);
            responses.onCompleted();
        }
    }
}
