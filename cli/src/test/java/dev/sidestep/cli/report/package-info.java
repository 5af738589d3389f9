@NullMarked
package dev.sidestep.cli.report;

import org.jspecify.annotations.NullMarked;
