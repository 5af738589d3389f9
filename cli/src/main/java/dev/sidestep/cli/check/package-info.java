/** What {@code sidestep check} looks at, before an installation and after one. */
@NullMarked
package dev.sidestep.cli.check;

import org.jspecify.annotations.NullMarked;
