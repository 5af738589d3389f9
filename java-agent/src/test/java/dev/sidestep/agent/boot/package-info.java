@NullMarked
package dev.sidestep.agent.boot;

import org.jspecify.annotations.NullMarked;
