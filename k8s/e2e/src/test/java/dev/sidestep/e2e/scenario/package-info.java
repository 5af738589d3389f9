/** Tests of what scenarios read and draw. */
@NullMarked
package dev.sidestep.e2e.scenario;

import org.jspecify.annotations.NullMarked;
