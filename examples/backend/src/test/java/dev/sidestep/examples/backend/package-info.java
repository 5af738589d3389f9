/** The faults that others' tests and the demo rely on. */
@NullMarked
package dev.sidestep.examples.backend;

import org.jspecify.annotations.NullMarked;
