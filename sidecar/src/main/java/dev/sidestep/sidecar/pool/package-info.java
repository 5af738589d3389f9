/** Standing connections to endpoints, one set for each event loop. {@link dev.sidestep.sidecar.pool.ConnectionPool} is the entry. */
@NullMarked
package dev.sidestep.sidecar.pool;

import org.jspecify.annotations.NullMarked;
