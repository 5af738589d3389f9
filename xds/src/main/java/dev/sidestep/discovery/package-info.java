/** Asks the control plane for clusters by name, keeps what it answered, and tells the load balancer. */
@NullMarked
package dev.sidestep.discovery;

import org.jspecify.annotations.NullMarked;
