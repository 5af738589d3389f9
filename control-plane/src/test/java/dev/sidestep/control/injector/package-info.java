@NullMarked
package dev.sidestep.control.injector;

import org.jspecify.annotations.NullMarked;
