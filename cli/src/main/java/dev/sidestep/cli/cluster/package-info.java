/** A cluster as the commands see it: which one, the admin pages of what runs there, and how answers are printed. */
@NullMarked
package dev.sidestep.cli.cluster;

import org.jspecify.annotations.NullMarked;
