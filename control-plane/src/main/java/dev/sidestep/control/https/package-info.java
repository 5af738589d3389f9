/** HTTP over TLS, for those who speak nothing else to us: API servers and kubelets. */
@NullMarked
package dev.sidestep.control.https;

import org.jspecify.annotations.NullMarked;
