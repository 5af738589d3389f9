package dev.sidestep.control.index;

import java.util.List;

/** Hears what a source sees. Any thread may call; nothing is done before a call returns but to queue it. */
public interface SourceListener {
    /** These changes belong together: nobody sees some of them without the others. */
    void onChanges(List<Change> changes);

    /** All that there is at the start was told. */
    void onSynced();

    /** All that there is now was told once more, because somebody asked for it. */
    void onListedAgain();

    /**
     * What is wrong with {@code origin} now, one line each; replaces what was said of it before.
     *
     * @param origin a file or an object, as messages name it
     */
    void onProblems(String origin, List<String> problems);
}
