/** From the host that a caller wrote to the names of Services that it can mean. */
@NullMarked
package dev.sidestep.naming;

import org.jspecify.annotations.NullMarked;
