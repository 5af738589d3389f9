/**
 * What the JVM loads of the agent before it is known whether the agent can run here: Java 8 bytecode that needs nothing
 * but the JDK and never throws.
 */
@NullMarked
package dev.sidestep.agent.bootstrap;

import org.jspecify.annotations.NullMarked;
