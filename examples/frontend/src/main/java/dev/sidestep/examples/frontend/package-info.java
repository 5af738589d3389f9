/** An ordinary application that calls two services by their Kubernetes names, and tells what it saw. */
@NullMarked
package dev.sidestep.examples.frontend;

import org.jspecify.annotations.NullMarked;
