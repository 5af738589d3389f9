/**
 * Container images without a container engine: a root file system put together in a folder, the JVM's archive trained
 * inside it, its layers written as tar files that are the same for the same input, and the result written, loaded or
 * pushed. Everything here runs on the caller's thread.
 */
@NullMarked
package dev.sidestep.cli.images;

import org.jspecify.annotations.NullMarked;
