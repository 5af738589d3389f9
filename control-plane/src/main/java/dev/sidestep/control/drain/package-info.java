/**
 * The acknowledged drain: a pod that ends is told when nobody calls it any more. {@link
 * dev.sidestep.control.drain.Drains} is the entry.
 */
@NullMarked
package dev.sidestep.control.drain;

import org.jspecify.annotations.NullMarked;
