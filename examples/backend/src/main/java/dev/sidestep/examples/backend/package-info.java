/** An ordinary application: an HTTP and a gRPC server that know their pod's name, and can be told to misbehave. */
@NullMarked
package dev.sidestep.examples.backend;

import org.jspecify.annotations.NullMarked;
