/** Services and endpoints from a folder of ordinary manifests, for machines without Kubernetes. */
@NullMarked
package dev.sidestep.control.directory;

import org.jspecify.annotations.NullMarked;
