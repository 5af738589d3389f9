/** The agent proper, in a loader that the application cannot see: its wiring, settings and messages. */
@NullMarked
package dev.sidestep.agent;

import org.jspecify.annotations.NullMarked;
