/**
 * HTTP/1.1 and 1.0: each request of a connection is balanced on its own. A head is scanned once, the bytes it came in are
 * forwarded, and a message whose end two readers might place differently is refused (RFC 9112 section 11.2).
 */
@NullMarked
package dev.sidestep.sidecar.http1;

import org.jspecify.annotations.NullMarked;
