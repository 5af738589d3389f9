/** The wire: the model to and from xDS resources, as pure functions, and the messages that carry them. No I/O. */
@NullMarked
package dev.sidestep.xds;

import org.jspecify.annotations.NullMarked;
