package dev.sidestep.control.index;

/**
 * Which Kubernetes object.
 *
 * @param namespace its namespace; for a namespace its own name; for a node ""
 */
public record ObjectKey(Kind kind, String namespace, String name) {
    /** The kinds that matter here. */
    public enum Kind {
        SERVICE("Service"),
        ENDPOINT_SLICE("EndpointSlice"),
        ENDPOINTS("Endpoints"),
        NAMESPACE("Namespace"),
        POD("Pod"),
        NODE("Node");

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        /** As in a manifest's {@code kind}. */
        public String text() {
            return text;
        }
    }

    public static ObjectKey namespace(String name) {
        return new ObjectKey(Kind.NAMESPACE, name, name);
    }

    public static ObjectKey pod(String namespace, String name) {
        return new ObjectKey(Kind.POD, namespace, name);
    }

    public static ObjectKey node(String name) {
        return new ObjectKey(Kind.NODE, "", name);
    }

    /** {@code Service default/backend-service}, as messages name it. */
    @Override
    public String toString() {
        boolean global = kind == Kind.NAMESPACE || kind == Kind.NODE;
        return kind.text() + " " + (global ? name : namespace + "/" + name);
    }
}
