/** Events about pods, few enough that nobody minds. */
@NullMarked
package dev.sidestep.control.events;

import org.jspecify.annotations.NullMarked;
