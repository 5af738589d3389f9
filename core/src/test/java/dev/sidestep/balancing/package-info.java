/** The policy engine under virtual time. */
@NullMarked
package dev.sidestep.balancing;

import org.jspecify.annotations.NullMarked;
