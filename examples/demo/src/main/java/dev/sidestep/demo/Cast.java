package dev.sidestep.demo;

import java.util.SortedMap;

/** The pods that the story is about, as the view and the story see them. For any thread. */
interface Cast {
    /** All that there are now. */
    SortedMap<String, PodState> pods();

    /** Throws if something ended, or cannot begin, that should run. */
    void check() throws DemoException;
}
