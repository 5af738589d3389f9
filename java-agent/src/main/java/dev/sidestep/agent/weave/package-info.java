/** Changes the bytecode of client libraries as they are loaded: by exact name, a client whole or not at all. */
@NullMarked
package dev.sidestep.agent.weave;

import org.jspecify.annotations.NullMarked;
