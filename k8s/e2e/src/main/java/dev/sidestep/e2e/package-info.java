/**
 * Runs against a real cluster: what every scenario needs. {@link dev.sidestep.e2e.Run} is the main; a {@link
 * dev.sidestep.e2e.Scenario} plays on a {@link dev.sidestep.e2e.Stage}.
 */
@NullMarked
package dev.sidestep.e2e;

import org.jspecify.annotations.NullMarked;
