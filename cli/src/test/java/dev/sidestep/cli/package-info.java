/** Tests of the command line, and of the layers of all modules, which meet here. */
@NullMarked
package dev.sidestep.cli;

import org.jspecify.annotations.NullMarked;
