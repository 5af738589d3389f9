/**
 * What the connections of one event loop share with each other and with nobody else: the way to the policy engine, to
 * upstream connections, to addresses, counters and limits. The protocols stand on it.
 */
@NullMarked
package dev.sidestep.sidecar.loop;

import org.jspecify.annotations.NullMarked;
