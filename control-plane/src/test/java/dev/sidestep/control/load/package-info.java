@NullMarked
package dev.sidestep.control.load;

import org.jspecify.annotations.NullMarked;
