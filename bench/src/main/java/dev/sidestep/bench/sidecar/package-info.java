/** The application and the backends of {@code bench/sidecar-memory}. */
@NullMarked
package dev.sidestep.bench.sidecar;

import org.jspecify.annotations.NullMarked;
