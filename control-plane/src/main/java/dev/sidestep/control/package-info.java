/** The control plane: from Kubernetes, or a folder of manifests, to xDS streams. {@link dev.sidestep.control.ControlPlane} is the entry. */
@NullMarked
package dev.sidestep.control;

import org.jspecify.annotations.NullMarked;
