@NullMarked
package dev.sidestep.cli.check;

import org.jspecify.annotations.NullMarked;
