/** Applications that tests start with the agent; they know nothing of it. */
@NullMarked
package dev.sidestep.agent.app;

import org.jspecify.annotations.NullMarked;
