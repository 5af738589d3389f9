/** Finds connections of the application that should have come to us and did not: interception never fails silently. */
@NullMarked
package dev.sidestep.sidecar.bypass;

import org.jspecify.annotations.NullMarked;
