/** What sidecars tell of connections that passed them by. */
@NullMarked
package dev.sidestep.control.bypass;

import org.jspecify.annotations.NullMarked;
