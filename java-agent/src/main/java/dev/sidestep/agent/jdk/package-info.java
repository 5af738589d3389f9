/** The JDK's internals as our libraries want them; compiled against packages that {@code BootClasses} opens at run time. */
@NullMarked
package dev.sidestep.agent.jdk;

import org.jspecify.annotations.NullMarked;
