/** Services and endpoints from the Kubernetes API. */
@NullMarked
package dev.sidestep.control.kube;

import org.jspecify.annotations.NullMarked;
