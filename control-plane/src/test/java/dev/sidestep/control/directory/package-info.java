@NullMarked
package dev.sidestep.control.directory;

import org.jspecify.annotations.NullMarked;
