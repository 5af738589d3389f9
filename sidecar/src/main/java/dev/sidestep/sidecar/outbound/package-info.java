/** Where the application's connections enter: accepted, looked at, and handed to the protocol that they speak. */
@NullMarked
package dev.sidestep.sidecar.outbound;

import org.jspecify.annotations.NullMarked;
