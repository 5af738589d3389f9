/** Applications that tests start with the agent; each knows nothing of it, except the one that stands in for the engine. */
@NullMarked
package dev.sidestep.agent.app;

import org.jspecify.annotations.NullMarked;
