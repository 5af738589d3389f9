/** Who may touch what: one owner, one queue, one clock. */
@NullMarked
package dev.sidestep.concurrent;

import org.jspecify.annotations.NullMarked;
