/** What the sidecar tells of itself, over HTTP: to people on one address, to the machinery around it on another. */
@NullMarked
package dev.sidestep.sidecar.admin;

import org.jspecify.annotations.NullMarked;
