/** Tests of the tests' tools. */
@NullMarked
package dev.sidestep.testkit;

import org.jspecify.annotations.NullMarked;
