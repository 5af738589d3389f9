/** What the demo computes and writes; the run itself is a test of the command line. */
@NullMarked
package dev.sidestep.demo;

import org.jspecify.annotations.NullMarked;
