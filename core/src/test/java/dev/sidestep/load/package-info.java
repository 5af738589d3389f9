@NullMarked
package dev.sidestep.load;

import org.jspecify.annotations.NullMarked;
