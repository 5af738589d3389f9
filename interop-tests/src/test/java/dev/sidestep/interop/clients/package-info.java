/** Unmodified xDS clients and ordinary clients of other languages, against our programs as processes. */
@NullMarked
package dev.sidestep.interop.clients;

import org.jspecify.annotations.NullMarked;
