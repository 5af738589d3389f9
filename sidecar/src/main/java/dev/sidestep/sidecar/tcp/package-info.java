/** Byte streams that nobody reads: balanced by connection, and passed on. */
@NullMarked
package dev.sidestep.sidecar.tcp;

import org.jspecify.annotations.NullMarked;
