/** Holds our messages, as bytes, against Envoy's own classes and validation rules. */
@NullMarked
package dev.sidestep.interop.conformance;

import org.jspecify.annotations.NullMarked;
