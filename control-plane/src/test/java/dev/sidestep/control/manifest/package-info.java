@NullMarked
package dev.sidestep.control.manifest;

import org.jspecify.annotations.NullMarked;
