@NullMarked
package dev.sidestep.control.ads;

import org.jspecify.annotations.NullMarked;
