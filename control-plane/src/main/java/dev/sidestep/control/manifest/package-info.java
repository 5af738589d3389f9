/** From a Kubernetes object, as YAML or JSON reads, to what matters of it: the same rules for files and for the API. */
@NullMarked
package dev.sidestep.control.manifest;

import org.jspecify.annotations.NullMarked;
