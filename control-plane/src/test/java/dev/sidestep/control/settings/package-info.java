@NullMarked
package dev.sidestep.control.settings;

import org.jspecify.annotations.NullMarked;
