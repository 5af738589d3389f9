package dev.sidestep.xds;

import com.google.protobuf.Any;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.sidestep.load.LoadReport;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.xds.proto.core.Node;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import dev.sidestep.xds.proto.discovery.DiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DiscoveryResponse;
import dev.sidestep.xds.proto.endpoint.ClusterLoadAssignment;
import dev.sidestep.xds.proto.hcm.HttpConnectionManager;
import dev.sidestep.xds.proto.listener.Listener;
import dev.sidestep.xds.proto.loadstats.LoadStatsRequest;
import dev.sidestep.xds.proto.loadstats.LoadStatsResponse;
import dev.sidestep.xds.proto.route.RouteConfiguration;
import dev.sidestep.xds.proto.upstream.HttpProtocolOptions;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Our side of the wire as a program, for the conformance tests, which have the official classes and therefore cannot have
 * these. {@code write FILE} writes every kind of message that we send; {@code describe FROM TO} reads messages and writes
 * what was found in them.
 *
 * <p>A file is a row of type, bytes, text, and what was not understood.
 */
public final class WireMain {
    private static final Map<String, MessageLite> TYPES = Map.ofEntries(
            Map.entry("envoy.service.discovery.v3.DeltaDiscoveryRequest", DeltaDiscoveryRequest.getDefaultInstance()),
            Map.entry("envoy.service.discovery.v3.DeltaDiscoveryResponse", DeltaDiscoveryResponse.getDefaultInstance()),
            Map.entry("envoy.service.discovery.v3.DiscoveryRequest", DiscoveryRequest.getDefaultInstance()),
            Map.entry("envoy.service.discovery.v3.DiscoveryResponse", DiscoveryResponse.getDefaultInstance()),
            Map.entry("envoy.service.load_stats.v3.LoadStatsRequest", LoadStatsRequest.getDefaultInstance()),
            Map.entry("envoy.service.load_stats.v3.LoadStatsResponse", LoadStatsResponse.getDefaultInstance()),
            Map.entry("envoy.config.listener.v3.Listener", Listener.getDefaultInstance()),
            Map.entry("envoy.config.route.v3.RouteConfiguration", RouteConfiguration.getDefaultInstance()),
            Map.entry("envoy.config.cluster.v3.Cluster", dev.sidestep.xds.proto.cluster.Cluster.getDefaultInstance()),
            Map.entry("envoy.config.endpoint.v3.ClusterLoadAssignment", ClusterLoadAssignment.getDefaultInstance()),
            Map.entry(
                    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                    HttpConnectionManager.getDefaultInstance()),
            Map.entry(
                    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                    HttpProtocolOptions.getDefaultInstance()));

    private final DataOutputStream out;

    private WireMain(DataOutputStream out) {
        this.out = out;
    }

    public static void main(String[] args) throws IOException {
        Path target = Path.of(args[args.length - 1]);
        try (var out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(target)))) {
            if (args[0].equals("write")) {
                new WireMain(out).writeAll();
            } else {
                new WireMain(out).describe(Path.of(args[1]));
            }
        }
    }

    private void writeAll() throws IOException {
        for (long seed = 0; seed < 150; seed++) {
            write(new RandomModel(seed).cluster());
        }
        write(LoadStatsRequest.newBuilder()
                .setNode(request().getNode())
                .addClusterStats(LoadEncoder.encode(
                        new LoadReport(
                                new ClusterName("web", "default", 80),
                                List.of(
                                        new LoadReport.Endpoint(
                                                "10.0.0.1:8080", new LoadReport.Calls(3, 1, 1, 1, 5_000_000)),
                                        new LoadReport.Endpoint("", new LoadReport.Calls(2, 2, 0, 0, 7))),
                                List.of(new LoadReport.Connection(1, true, 5)),
                                List.of(new LoadReport.Others(3, 1, 9))),
                        Duration.ofMillis(10_500)))
                .build());
        write(LoadStatsResponse.newBuilder()
                .setSendAllClusters(true)
                .setReportEndpointGranularity(true)
                .setLoadReportingInterval(
                        com.google.protobuf.Duration.newBuilder().setSeconds(10))
                .build());
        write(request());
        write(request().toBuilder()
                .clearNode()
                .setResponseNonce("n7")
                .setErrorDetail(dev.sidestep.xds.proto.rpc.Status.newBuilder()
                        .setCode(3)
                        .setMessage("backend: name: \"\""))
                .build());
    }

    private void write(Cluster cluster) throws IOException {
        String name = cluster.name().value();
        List<Endpoint> usable =
                cluster.endpoints().stream().filter(Endpoint::ready).toList();
        EncodedResource assignment = StandardEncoder.loadAssignment(name, usable);
        List<EncodedResource> standard = List.of(
                StandardEncoder.listener(name, "routes of " + name),
                StandardEncoder.listenerTo(name, name, cluster.policy(), StandardEncoder.Client.GRPC),
                StandardEncoder.route(name, name, cluster.policy(), StandardEncoder.Client.GRPC),
                StandardEncoder.route(name, name, cluster.policy(), StandardEncoder.Client.ENVOY),
                StandardEncoder.cluster(name, cluster.policy(), StandardEncoder.Client.GRPC),
                StandardEncoder.cluster(name, cluster.policy(), StandardEncoder.Client.ENVOY),
                assignment);
        for (EncodedResource resource : standard) {
            any(WireForm.message(resource).getResource());
        }
        write(ServiceEncoder.message(cluster).getCluster());
        EncodedResource ours = ServiceEncoder.encode(cluster);
        write(DeltaDiscoveryResponse.parseFrom(bytes(Frame.delta(
                ResourceType.SERVICE,
                "n" + cluster.endpoints().size(),
                List.of(new Frame.Named(ours, cluster.addresses()), new Frame.Named(assignment, List.of())),
                List.of("gone")))));
        write(DiscoveryResponse.parseFrom(
                bytes(Frame.stateOfTheWorld(ResourceType.ENDPOINT, "v1", "n1", List.of(assignment)))));
    }

    private void any(Any any) throws IOException {
        String type = any.getTypeUrl().substring(any.getTypeUrl().indexOf('/') + 1);
        MessageLite known = TYPES.get(type);
        if (known == null) {
            return; // The router's options, which are empty.
        }
        MessageLite message = known.getParserForType().parseFrom(any.getValue());
        write(message);
        if (message instanceof Listener listener) {
            any(listener.getApiListener().getApiListener());
        }
        if (message instanceof dev.sidestep.xds.proto.cluster.Cluster cluster) {
            for (Any options : cluster.getTypedExtensionProtocolOptionsMap().values()) {
                any(options);
            }
        }
    }

    private static DeltaDiscoveryRequest request() {
        return DeltaDiscoveryRequest.newBuilder()
                .setNode(Node.newBuilder()
                        .setId("frontend-1")
                        .setUserAgentName("sidestep-agent")
                        .setUserAgentVersion("0.1.0")
                        .setMetadata(Struct.newBuilder()
                                .putFields(
                                        "namespace",
                                        Value.newBuilder()
                                                .setStringValue("default")
                                                .build())))
                .setTypeUrl(ResourceType.SERVICE)
                .addResourceNamesSubscribe("a:80")
                .addResourceNamesUnsubscribe("b:80")
                .putInitialResourceVersions("c:80", "v1")
                .build();
    }

    private void describe(Path from) throws IOException {
        try (var in = new DataInputStream(Files.newInputStream(from))) {
            while (in.available() > 0) {
                String type = in.readUTF();
                byte[] bytes = in.readNBytes(in.readInt());
                in.readNBytes(in.readInt());
                in.readUTF();
                MessageLite known = TYPES.get(type);
                if (known == null) {
                    throw new IOException("not one of our messages: " + type);
                }
                write(known.getParserForType().parseFrom(bytes));
            }
        }
    }

    @SuppressWarnings("LiteProtoToString") // These classes are not optimized.
    private void write(MessageLite message) throws IOException {
        String type = TYPES.entrySet().stream()
                .filter(it -> it.getValue().getClass().equals(message.getClass()))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
        byte[] bytes = message.toByteArray();
        byte[] text = message.toString().getBytes(StandardCharsets.UTF_8);
        out.writeUTF(type);
        out.writeInt(bytes.length);
        out.write(bytes);
        out.writeInt(text.length);
        out.write(text);
        out.writeUTF(UnknownFields.in(message));
    }

    private static byte[] bytes(Frame frame) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (InputStream stream = new FrameStream(frame)) {
            stream.transferTo(bytes);
        }
        return bytes.toByteArray();
    }
}
