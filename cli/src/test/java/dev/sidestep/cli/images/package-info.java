@NullMarked
package dev.sidestep.cli.images;

import org.jspecify.annotations.NullMarked;
