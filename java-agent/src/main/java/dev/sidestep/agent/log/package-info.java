/** Where messages go, ours and those of the libraries that we bring: to stderr, and never through the application's logging. */
@NullMarked
package dev.sidestep.agent.log;

import org.jspecify.annotations.NullMarked;
