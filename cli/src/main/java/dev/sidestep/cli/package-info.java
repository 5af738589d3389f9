/** The command line: one class a command, each a thin edge between flags and a module's public entry. */
@NullMarked
package dev.sidestep.cli;

import org.jspecify.annotations.NullMarked;
