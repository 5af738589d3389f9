@NullMarked
package dev.sidestep.sidecar.bypass;

import org.jspecify.annotations.NullMarked;
