package dev.sidestep.agent;

/** The JMX bean {@code dev.sidestep:type=Agent}: what a sidecar shows on its admin port, as JSON. */
public interface AgentView {
    /** The mode, the destinations that were called, and each Service's endpoints with their state. */
    String getStatus();

    /** How the stream to the control plane is doing, and what it brought. */
    String getDiscovery();

    /** Why calls to {@code host} and {@code port} go where they go. */
    String why(String host, int port);
}
