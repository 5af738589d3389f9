/** One class for each thing that is to be seen on a real cluster; {@link dev.sidestep.e2e.scenario.Catalogue} lists them. */
@NullMarked
package dev.sidestep.e2e.scenario;

import org.jspecify.annotations.NullMarked;
