/** The policy engine of both placements: resolve, filter, pick, judge, retry. {@link dev.sidestep.balancing.LoadBalancer} is the entry. */
@NullMarked
package dev.sidestep.balancing;

import org.jspecify.annotations.NullMarked;
