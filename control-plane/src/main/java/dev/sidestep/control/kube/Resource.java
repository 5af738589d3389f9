package dev.sidestep.control.kube;

import dev.sidestep.control.index.ObjectKey.Kind;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;

/** A kind of objects that is followed, as the API calls it. */
enum Resource {
    SERVICES("", "services", Kind.SERVICE),
    ENDPOINT_SLICES("discovery.k8s.io", "endpointslices", Kind.ENDPOINT_SLICE),
    ENDPOINTS("", "endpoints", Kind.ENDPOINTS),
    NAMESPACES("", "namespaces", Kind.NAMESPACE),
    PODS("", "pods", Kind.POD),
    NODES("", "nodes", Kind.NODE);

    private final String group;
    private final String plural;
    private final Kind kind;

    Resource(String group, String plural, Kind kind) {
        this.group = group;
        this.plural = plural;
        this.kind = kind;
    }

    /** Whether its objects are in no namespace. */
    boolean isGlobal() {
        return this == NAMESPACES || this == NODES;
    }

    Kind kind() {
        return kind;
    }

    String apiVersion() {
        return group.isEmpty() ? "v1" : group + "/v1";
    }

    /** {@code endpointslices.discovery.k8s.io}, as kubectl and RBAC name it. */
    @Override
    public String toString() {
        return group.isEmpty() ? plural : plural + "." + group;
    }

    ResourceDefinitionContext context() {
        return new ResourceDefinitionContext.Builder()
                .withGroup(group)
                .withVersion("v1")
                .withKind(kind.text())
                .withPlural(plural)
                .withNamespaced(!isGlobal())
                .build();
    }
}
