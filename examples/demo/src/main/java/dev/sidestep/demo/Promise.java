package dev.sidestep.demo;

/** A line of the table at the end. */
record Promise(String promise, String bar, String seen, boolean kept) {}
