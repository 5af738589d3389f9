/** HTTP/2 without TLS, gRPC included: every stream of a connection is balanced on its own. */
@NullMarked
package dev.sidestep.sidecar.http2;

import org.jspecify.annotations.NullMarked;
