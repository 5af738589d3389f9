/** What a process sends to whom, counted to be reported. */
@NullMarked
package dev.sidestep.load;

import org.jspecify.annotations.NullMarked;
