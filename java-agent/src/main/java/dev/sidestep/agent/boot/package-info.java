/**
 * The agent's part that every class of the JVM can see, the JDK's own included: what woven code calls, and the few types
 * it shares with the agent proper, which lives in a loader of its own. Depends on the JDK alone; nothing thrown here
 * reaches the application.
 */
@NullMarked
package dev.sidestep.agent.boot;

import org.jspecify.annotations.NullMarked;
