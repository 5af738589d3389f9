package dev.sidestep.discovery;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.xds.AdsMethods;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.proto.core.Node;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * One incremental stream, from its first request to its end: who is subscribed to what on it, and which answer is
 * acknowledged. Confined to {@code owner}, on which gRPC calls back too.
 */
final class AdsStream {
    /** Hears what comes in. */
    interface Listener {
        /** An answer; no other comes before {@link #next}. */
        void onResponse(AdsStream stream, DeltaDiscoveryResponse response);

        /** The end, and why. */
        void onClosed(AdsStream stream, String reason);
    }

    private final SerialExecutor owner;
    private final Listener listener;
    private final ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call;
    private final Set<String> subscribed = new HashSet<>();
    private boolean cancelled;

    AdsStream(Channel channel, SerialExecutor owner, Listener listener) {
        this.owner = owner;
        this.listener = listener;
        this.call = channel.newCall(AdsMethods.CALL_DELTA, CallOptions.DEFAULT.withExecutor(owner));
    }

    /** Asks for {@link ResourceType#SELF}, which is so the first answer. */
    void start(Node node) {
        owner.checkCurrent();
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(DeltaDiscoveryResponse response) {
                        listener.onResponse(AdsStream.this, response);
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        listener.onClosed(AdsStream.this, explain(status));
                    }
                },
                new Metadata());
        call.request(1);
        send(DeltaDiscoveryRequest.newBuilder()
                .setNode(node)
                .setTypeUrl(ResourceType.SELF)
                .addResourceNamesSubscribe(ResourceType.SELF_NAME)
                .build());
    }

    /**
     * Goes on with names that were answered on an earlier stream: of those the server has to tell only what is news.
     *
     * @param versions the resources that answered them, as they are known
     */
    void resume(Collection<String> names, Map<String, String> versions) {
        owner.checkCurrent();
        subscribed.addAll(names);
        send(request(names, List.of()).putAllInitialResourceVersions(versions).build());
    }

    /**
     * Tells the server of all changes at once.
     *
     * @param names those that may be asked for, or not, otherwise than before
     * @param asked whether a name is asked for
     */
    void update(Collection<String> names, Predicate<String> asked) {
        owner.checkCurrent();
        List<String> subscribe = new ArrayList<>();
        List<String> unsubscribe = new ArrayList<>();
        for (String name : names) {
            if (asked.test(name)) {
                if (subscribed.add(name)) {
                    subscribe.add(name);
                }
            } else if (subscribed.remove(name)) {
                unsubscribe.add(name);
            }
        }
        // A first request without names would mean all there are.
        if (!subscribe.isEmpty() || !unsubscribe.isEmpty()) {
            send(request(subscribe, unsubscribe).build());
        }
    }

    void accept(DeltaDiscoveryResponse response) {
        owner.checkCurrent();
        send(answer(response).build());
    }

    void refuse(DeltaDiscoveryResponse response, String reason) {
        owner.checkCurrent();
        send(answer(response)
                .setErrorDetail(dev.sidestep.xds.proto.rpc.Status.newBuilder()
                        .setCode(Status.Code.INVALID_ARGUMENT.value())
                        .setMessage(reason))
                .build());
    }

    /** Lets the next answer come. Only then: what piles up meanwhile piles up in the server, which merges it. */
    void next() {
        call.request(1);
    }

    void cancel(String reason) {
        cancelled = true;
        call.cancel(reason, null);
    }

    /** gRPC throws at who goes on with a cancelled call; its end is told in a turn of its own, and till then all may. */
    private void send(DeltaDiscoveryRequest request) {
        if (!cancelled) {
            call.sendMessage(request);
        }
    }

    /**
     * In one line, with the cause: of a refused connection the description says "io exception", and further lines of it
     * what Netty's pipeline looks like.
     */
    private static String explain(Status status) {
        var text = new StringBuilder(status.getCode().name());
        if (status.getDescription() != null) {
            text.append(": ").append(firstLine(status.getDescription()));
        }
        if (status.getCause() != null && status.getCause().getMessage() != null) {
            text.append(": ").append(firstLine(status.getCause().getMessage()));
        }
        return text.toString();
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    private static DeltaDiscoveryRequest.Builder request(Collection<String> subscribe, Collection<String> unsubscribe) {
        return DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(ResourceType.SERVICE)
                .addAllResourceNamesSubscribe(subscribe)
                .addAllResourceNamesUnsubscribe(unsubscribe);
    }

    private static DeltaDiscoveryRequest.Builder answer(DeltaDiscoveryResponse response) {
        return DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(response.getTypeUrl())
                .setResponseNonce(response.getNonce());
    }
}
