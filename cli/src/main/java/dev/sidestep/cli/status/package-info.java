/** Who is injected, how, and who should be and is not. */
@NullMarked
package dev.sidestep.cli.status;

import org.jspecify.annotations.NullMarked;
