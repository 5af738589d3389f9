/** Tests of the package of the same name. */
@NullMarked
package dev.sidestep.sidecar.http2;

import org.jspecify.annotations.NullMarked;
