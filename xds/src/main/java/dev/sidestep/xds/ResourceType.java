package dev.sidestep.xds;

/** The type URLs of the resources that are sent or read. */
public final class ResourceType {
    /** What a data plane is told of itself: one resource, {@link #SELF_NAME}. */
    public static final String SELF = "type.googleapis.com/sidestep.v1.Self";

    /** One Service port, for our own data planes. Named by {@link dev.sidestep.model.ClusterName#value}. */
    public static final String SERVICE = "type.googleapis.com/sidestep.v1.Service";

    public static final String LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener";
    public static final String ROUTE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
    public static final String CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
    public static final String ENDPOINT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

    /** The name of the one {@link #SELF}. */
    public static final String SELF_NAME = "self";

    private ResourceType() {}
}
