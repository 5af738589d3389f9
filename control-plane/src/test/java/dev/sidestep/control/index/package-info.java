@NullMarked
package dev.sidestep.control.index;

import org.jspecify.annotations.NullMarked;
