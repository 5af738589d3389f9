@NullMarked
package dev.sidestep.agent;

import org.jspecify.annotations.NullMarked;
