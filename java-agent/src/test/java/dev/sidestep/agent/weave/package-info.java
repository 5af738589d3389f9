@NullMarked
package dev.sidestep.agent.weave;

import org.jspecify.annotations.NullMarked;
