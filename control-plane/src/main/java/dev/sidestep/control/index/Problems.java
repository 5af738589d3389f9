package dev.sidestep.control.index;

import dev.sidestep.concurrent.SerialExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is wrong with what the sources say, at this moment; each is logged once. Confined to {@code owner}. */
public final class Problems {
    private static final Logger LOG = LoggerFactory.getLogger(Problems.class);

    private final SerialExecutor owner;
    private final Map<String, List<String>> byOrigin = new TreeMap<>();

    public Problems(SerialExecutor owner) {
        this.owner = owner;
    }

    /** These are the problems of {@code origin} from now on; none: it is well. */
    public void replace(String origin, List<String> problems) {
        owner.checkCurrent();
        List<String> before = byOrigin.getOrDefault(origin, List.of());
        problems.stream().filter(problem -> !before.contains(problem)).forEach(LOG::warn);
        if (problems.isEmpty()) {
            byOrigin.remove(origin);
        } else {
            byOrigin.put(origin, List.copyOf(problems));
        }
        if (problems.isEmpty() && !before.isEmpty()) {
            LOG.info("{}: no longer a problem", origin);
        }
    }

    /** All of them, by origin. */
    public List<String> all() {
        owner.checkCurrent();
        var all = new ArrayList<String>();
        byOrigin.values().forEach(all::addAll);
        return all;
    }
}
