/** The outbound sidecar, one for each pod, in front of every call that its containers make. */
@NullMarked
package dev.sidestep.sidecar;

import org.jspecify.annotations.NullMarked;
