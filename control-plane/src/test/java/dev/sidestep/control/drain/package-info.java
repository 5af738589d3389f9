@NullMarked
package dev.sidestep.control.drain;

import org.jspecify.annotations.NullMarked;
