@NullMarked
package dev.sidestep.control;

import org.jspecify.annotations.NullMarked;
