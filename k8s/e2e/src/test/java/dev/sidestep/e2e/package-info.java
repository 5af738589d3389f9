/** Tests of what judges the runs. */
@NullMarked
package dev.sidestep.e2e;

import org.jspecify.annotations.NullMarked;
