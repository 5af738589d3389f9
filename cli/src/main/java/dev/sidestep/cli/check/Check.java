package dev.sidestep.cli.check;

import java.io.IOException;
import java.util.List;

/** Something to look at. A look that the API server forbids, or that finds nobody, ends in an exception. */
interface Check {
    /** What is looked at, in a word or two. */
    String subject();

    /** Looks, and asks whoever it must. */
    List<Finding> look() throws IOException, InterruptedException;
}
