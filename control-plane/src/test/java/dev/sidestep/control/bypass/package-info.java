@NullMarked
package dev.sidestep.control.bypass;

import org.jspecify.annotations.NullMarked;
