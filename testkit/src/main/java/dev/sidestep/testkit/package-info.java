/** What the tests of several modules share: JDKs, programs of the machine, processes, ports. */
@NullMarked
package dev.sidestep.testkit;

import org.jspecify.annotations.NullMarked;
