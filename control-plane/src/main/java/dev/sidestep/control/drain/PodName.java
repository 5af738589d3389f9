package dev.sidestep.control.drain;

/** Which pod. */
public record PodName(String namespace, String name) {
    /** {@code default/web-1}, as messages name it. */
    @Override
    public String toString() {
        return namespace + "/" + name;
    }
}
