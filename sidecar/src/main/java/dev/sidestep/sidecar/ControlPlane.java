package dev.sidestep.sidecar;

import dev.sidestep.balancing.Discovery;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.concurrent.SerialExecutor;

/** The way to a control plane, as {@link Sidecar} needs it. */
interface ControlPlane extends AutoCloseable {
    /** What is asked, and tells {@code balancer} on {@code owner}. Once; does not wait. */
    Discovery open(LoadBalancer balancer, SerialExecutor owner);

    @Override
    void close();
}
