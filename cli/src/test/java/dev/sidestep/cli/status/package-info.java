@NullMarked
package dev.sidestep.cli.status;

import org.jspecify.annotations.NullMarked;
