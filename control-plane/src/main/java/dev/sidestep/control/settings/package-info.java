/** What a control plane is told by its configuration file. {@link dev.sidestep.control.settings.Settings} is the entry. */
@NullMarked
package dev.sidestep.control.settings;

import org.jspecify.annotations.NullMarked;
