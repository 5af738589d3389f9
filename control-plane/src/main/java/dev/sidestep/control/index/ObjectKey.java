package dev.sidestep.control.index;

/**
 * Which Kubernetes object.
 *
 * @param namespace its namespace; for a namespace its own name
 */
public record ObjectKey(Kind kind, String namespace, String name) {
    /** The kinds that matter here. */
    public enum Kind {
        SERVICE("Service"),
        ENDPOINT_SLICE("EndpointSlice"),
        ENDPOINTS("Endpoints"),
        NAMESPACE("Namespace");

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

    /** {@code Service default/backend-service}, as messages name it. */
    @Override
    public String toString() {
        return kind == Kind.NAMESPACE ? kind.text() + " " + name : kind.text() + " " + namespace + "/" + name;
    }
}
