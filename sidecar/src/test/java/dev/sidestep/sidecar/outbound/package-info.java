@NullMarked
package dev.sidestep.sidecar.outbound;

import org.jspecify.annotations.NullMarked;
