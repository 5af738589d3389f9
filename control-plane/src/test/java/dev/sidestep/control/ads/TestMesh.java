package dev.sidestep.control.ads;

import com.google.protobuf.ExtensionRegistryLite;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.control.auth.Refusals;
import dev.sidestep.control.index.Callers;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Item;
import dev.sidestep.control.index.ObjectKey;
import dev.sidestep.control.index.Problems;
import dev.sidestep.control.index.ServiceItem;
import dev.sidestep.control.index.SliceItem;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.model.Mode;
import dev.sidestep.xds.AdsMethods;
import dev.sidestep.xds.Frame;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.proto.core.Node;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import dev.sidestep.xds.proto.discovery.DiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DiscoveryResponse;
import dev.sidestep.xds.proto.rpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** An index with streams that do what a test tells them, in virtual time; for tests of what rests on streams. */
public final class TestMesh {
    private final Bench bench = new Bench();

    /** How a pod stands in a slice. */
    public enum Pod {
        READY,
        NOT_READY,
        TERMINATING,
        /** As a pod of a Service with {@code publishNotReadyAddresses} on its way out. */
        READY_AND_TERMINATING
    }

    public VirtualTimeExecutor owner() {
        return bench.owner;
    }

    public ClusterIndex index() {
        return bench.index;
    }

    public AdsServer ads() {
        return bench.ads;
    }

    public void sync() {
        bench.sync();
    }

    public void put(Item... items) {
        bench.put(items);
    }

    public void remove(ObjectKey... keys) {
        bench.remove(keys);
    }

    /** Lets the next change of each Service be published at once. */
    public void settle() {
        bench.settle();
    }

    /** A server of streams, on a real executor. */
    public static AdsServer server(SerialExecutor owner, ClusterIndex index) {
        var registry = new SimpleMeterRegistry();
        return new AdsServer(
                owner,
                index,
                new Callers(new WorkloadIndex(owner), new Problems(owner)),
                new Mesh(Mode.BALANCE, "cluster.local", List.of("10.96.0.0/12")),
                new Admission(XdsLimits.DEFAULT, new Refusals(owner, registry)),
                registry);
    }

    /** The name of the only port of a Service. */
    public static String name(String service) {
        return Bench.name(service);
    }

    public static ServiceItem service(String name, String... vips) {
        return Bench.service(name, vips);
    }

    public static ObjectKey sliceKey(String service) {
        return new ObjectKey(ObjectKey.Kind.ENDPOINT_SLICE, "default", service);
    }

    /** The only slice of a Service; pod {@code web-N} has the address {@code 10.0.0.N}. */
    public static SliceItem slice(String service, Map<String, Pod> pods) {
        var backends = new ArrayList<SliceItem.Backend>();
        pods.forEach((pod, state) -> backends.add(new SliceItem.Backend(
                "10.0.0." + pod.substring(pod.lastIndexOf('-') + 1),
                false,
                state == Pod.READY || state == Pod.READY_AND_TERMINATING,
                state != Pod.NOT_READY,
                state == Pod.TERMINATING || state == Pod.READY_AND_TERMINATING,
                "",
                pod,
                "",
                "",
                List.of(),
                List.of())));
        return Bench.slice(service, backends);
    }

    /** A new stream of the incremental variant, of one of our own data planes. */
    public DeltaStream connect(String id) {
        return new DeltaStream(id, "test");
    }

    /** A new stream of the incremental variant, of Envoy. */
    public DeltaStream connectEnvoy(String id) {
        return new DeltaStream(id, "envoy");
    }

    /** A new stream of the other variant, of a gRPC client. */
    public GrpcStream connectGrpc(String id, String agent) {
        return new GrpcStream(id, agent);
    }

    /** One client's stream of the incremental variant. */
    public final class DeltaStream {
        private final Bench.FakeOutlet outlet = new Bench.FakeOutlet();
        private final DeltaSession session = new DeltaSession(bench.ads.context(), outlet, Peer.at("peer"));
        private final Node node;
        private boolean introduced;

        private DeltaStream(String id, String agent) {
            node = Node.newBuilder().setId(id).setUserAgentName(agent).build();
            bench.owner.run(() -> bench.ads.opened(session));
        }

        public void subscribe(String... names) {
            subscribeTo(ResourceType.SERVICE, names);
        }

        public void subscribeTo(String type, String... names) {
            send(DeltaDiscoveryRequest.newBuilder().setTypeUrl(type).addAllResourceNamesSubscribe(List.of(names)));
        }

        public void unsubscribe(String... names) {
            send(DeltaDiscoveryRequest.newBuilder()
                    .setTypeUrl(ResourceType.SERVICE)
                    .addAllResourceNamesUnsubscribe(List.of(names)));
        }

        /** Comes from elsewhere, with what it had there. */
        public void resume(Map<String, String> versions, String... names) {
            send(DeltaDiscoveryRequest.newBuilder()
                    .setTypeUrl(ResourceType.SERVICE)
                    .putAllInitialResourceVersions(versions)
                    .addAllResourceNamesSubscribe(List.of(names)));
        }

        /** What was sent since the last call. */
        public List<DeltaDiscoveryResponse> take() {
            return outlet.take().stream()
                    .map(frame -> parse(
                            frame,
                            stream -> DeltaDiscoveryResponse.parseFrom(
                                    AdsMethods.SERVE_DELTA.getResponseMarshaller().stream(stream),
                                    ExtensionRegistryLite.getEmptyRegistry())))
                    .toList();
        }

        /** Says yes to all that was sent; how many that were. */
        public int accept() {
            List<DeltaDiscoveryResponse> taken = take();
            taken.forEach(this::accept);
            return taken.size();
        }

        public void accept(DeltaDiscoveryResponse response) {
            send(answer(response));
        }

        public void refuse(DeltaDiscoveryResponse response) {
            send(answer(response).setErrorDetail(Status.newBuilder().setCode(3).setMessage("test")));
        }

        /** Reads no more, or again. */
        public void setReading(boolean reading) {
            outlet.ready = reading;
            if (reading) {
                bench.owner.run(() -> bench.ads.guard(session, session::flush));
            }
        }

        public void close() {
            bench.owner.run(() -> bench.ads.closed(session));
        }

        private DeltaDiscoveryRequest.Builder answer(DeltaDiscoveryResponse response) {
            return DeltaDiscoveryRequest.newBuilder()
                    .setTypeUrl(response.getTypeUrl())
                    .setResponseNonce(response.getNonce());
        }

        private void send(DeltaDiscoveryRequest.Builder request) {
            if (!introduced) {
                introduced = true;
                request.setNode(node);
            }
            bench.owner.run(() -> bench.ads.guard(session, () -> session.onRequest(request.build())));
        }
    }

    /** One client's stream of the state-of-the-world variant. */
    public final class GrpcStream {
        private final Bench.FakeOutlet outlet = new Bench.FakeOutlet();
        private final StateOfTheWorldSession session =
                new StateOfTheWorldSession(bench.ads.context(), outlet, Peer.at("peer"));
        private final Node node;
        private final Map<String, List<String>> names = new HashMap<>();
        private final List<DiscoveryResponse> sent = new ArrayList<>();

        private GrpcStream(String id, String agent) {
            node = Node.newBuilder().setId(id).setUserAgentName(agent).build();
            bench.owner.run(() -> bench.ads.opened(session));
        }

        public void subscribeTo(String type, String... asked) {
            names.put(type, Arrays.asList(asked));
            send(DiscoveryRequest.newBuilder().setTypeUrl(type).addAllResourceNames(List.of(asked)));
        }

        /** Says yes to all of {@code type} that was sent; how many it was. */
        public int accept(String type) {
            sent.addAll(take());
            List<DiscoveryResponse> accepted = sent.stream()
                    .filter(response -> response.getTypeUrl().equals(type))
                    .toList();
            sent.removeAll(accepted);
            for (DiscoveryResponse response : accepted) {
                send(DiscoveryRequest.newBuilder()
                        .setTypeUrl(type)
                        .setVersionInfo(response.getVersionInfo())
                        .setResponseNonce(response.getNonce())
                        .addAllResourceNames(names.getOrDefault(type, List.of())));
            }
            return accepted.size();
        }

        private List<DiscoveryResponse> take() {
            return outlet.take().stream()
                    .map(frame -> parse(
                            frame,
                            stream -> DiscoveryResponse.parseFrom(
                                    AdsMethods.SERVE_STATE_OF_THE_WORLD.getResponseMarshaller().stream(stream),
                                    ExtensionRegistryLite.getEmptyRegistry())))
                    .toList();
        }

        private void send(DiscoveryRequest.Builder request) {
            bench.owner.run(() -> bench.ads.guard(
                    session, () -> session.onRequest(request.setNode(node).build())));
        }
    }

    private interface Parser<M> {
        M parse(Frame frame) throws IOException;
    }

    private static <M> M parse(Frame frame, Parser<M> parser) {
        try {
            return parser.parse(frame);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
