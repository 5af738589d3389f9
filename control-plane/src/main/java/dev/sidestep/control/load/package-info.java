/** What clients send to whom, as they report it, kept for a while: the ground of {@code sidestep report}. */
@NullMarked
package dev.sidestep.control.load;

import org.jspecify.annotations.NullMarked;
