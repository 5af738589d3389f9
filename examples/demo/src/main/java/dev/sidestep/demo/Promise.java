package dev.sidestep.demo;

/**
 * A line of the table at the end.
 *
 * @param note what helps to understand a promise that was not kept, or ""
 */
record Promise(String promise, String bar, String seen, boolean kept, String note) {
    Promise(String promise, String bar, String seen, boolean kept) {
        this(promise, bar, seen, kept, "");
    }
}
