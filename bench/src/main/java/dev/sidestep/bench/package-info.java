/** What the engine costs a call, by JMH: {@code bench/run}. */
@NullMarked
package dev.sidestep.bench;

import org.jspecify.annotations.NullMarked;
