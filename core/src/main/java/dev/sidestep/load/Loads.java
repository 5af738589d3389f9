package dev.sidestep.load;

import dev.sidestep.model.ClusterName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What a process sends to all Services. Any thread, but for {@link #take}. */
public final class Loads {
    private final Map<ClusterName, ServiceLoad> services = new ConcurrentHashMap<>();

    /** Where it is counted what goes to {@code service}. */
    public ServiceLoad of(ClusterName service) {
        return services.computeIfAbsent(service, ServiceLoad::new);
    }

    /** What was counted since the last call, of those Services to which anything was sent. By one thread at a time. */
    public List<LoadReport> take() {
        var reports = new ArrayList<LoadReport>();
        services.values().forEach(service -> {
            Optional<LoadReport> report = service.take();
            report.ifPresent(reports::add);
        });
        return reports;
    }
}
