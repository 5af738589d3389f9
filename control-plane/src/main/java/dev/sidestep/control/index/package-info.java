/**
 * What the sources say, merged: which clusters there are, which names and addresses lead to them, and which of these a
 * change touches.
 */
@NullMarked
package dev.sidestep.control.index;

import org.jspecify.annotations.NullMarked;
