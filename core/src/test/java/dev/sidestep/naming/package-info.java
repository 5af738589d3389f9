/** What callers can mean. */
@NullMarked
package dev.sidestep.naming;

import org.jspecify.annotations.NullMarked;
