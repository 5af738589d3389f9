/**
 * The agent's part inside an application's gRPC: defined in the loader that has the application's {@code io.grpc}, and
 * bound to what all versions from 1.45 on have. Knows the agent proper through {@code boot} alone.
 */
@NullMarked
package dev.sidestep.agent.grpc;

import org.jspecify.annotations.NullMarked;
