@NullMarked
package dev.sidestep.agent.grpc;

import org.jspecify.annotations.NullMarked;
