package dev.sidestep.cli.images;

import java.nio.file.Path;

/**
 * One layer of an image.
 *
 * @param title what it holds, for the image's history
 * @param file the tar, compressed or not
 * @param diffId {@code sha256:…} of the tar, uncompressed: what the image's configuration names it by
 */
record Layer(String title, Path file, String diffId) {}
