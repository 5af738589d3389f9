@NullMarked
package dev.sidestep.sidecar.http1;

import org.jspecify.annotations.NullMarked;
