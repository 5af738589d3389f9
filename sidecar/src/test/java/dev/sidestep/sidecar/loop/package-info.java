@NullMarked
package dev.sidestep.sidecar.loop;

import org.jspecify.annotations.NullMarked;
