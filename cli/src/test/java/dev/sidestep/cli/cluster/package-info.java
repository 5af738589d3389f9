@NullMarked
package dev.sidestep.cli.cluster;

import org.jspecify.annotations.NullMarked;
