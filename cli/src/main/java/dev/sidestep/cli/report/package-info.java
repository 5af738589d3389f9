/** What Services' pods got, and would have got otherwise, for people. */
@NullMarked
package dev.sidestep.cli.report;

import org.jspecify.annotations.NullMarked;
