@NullMarked
package dev.sidestep.agent.bootstrap;

import org.jspecify.annotations.NullMarked;
