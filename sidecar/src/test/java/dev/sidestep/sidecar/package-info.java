/** Tests of the whole sidecar, and what the tests of its packages share. */
@NullMarked
package dev.sidestep.sidecar;

import org.jspecify.annotations.NullMarked;
