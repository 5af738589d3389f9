package dev.sidestep.control.load;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.load.LoadReport;
import dev.sidestep.model.ClusterName;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;

/** What clients reported of late, bounded whatever they report. Confined to {@code owner}. */
public final class LoadStore {
    /** How far back one can look. */
    static final Duration KEPT = Duration.ofMinutes(10);

    /** How exact times are. */
    static final Duration SLOT = Duration.ofSeconds(30);

    private static final Duration FORGET = Duration.ofMinutes(1);

    /** About 100 bytes each. */
    private static final int MOST_CONNECTIONS = 500_000;

    private static final int MOST_SERVICES = 20_000;
    private static final int MOST_CLIENTS_OF_A_SERVICE = 10_000;

    private final SerialExecutor owner;
    private final Map<ClusterName, ServiceHistory> services = new TreeMap<>(Comparator.comparing(ClusterName::value));
    private int connections;

    /** Keeps nothing yet. */
    public LoadStore(SerialExecutor owner) {
        this.owner = owner;
        owner.execute(this::forgetNowAndThen);
    }

    void add(Reporter reporter, LoadReport report) {
        owner.checkCurrent();
        ServiceHistory service = services.get(report.service());
        if (service == null) {
            if (services.size() >= MOST_SERVICES) {
                return;
            }
            service = new ServiceHistory();
            services.put(report.service(), service);
        }
        ClientHistory client = service.clients().get(reporter);
        if (client == null) {
            if (service.clients().size() >= MOST_CLIENTS_OF_A_SERVICE) {
                return;
            }
            client = new ClientHistory();
            service.clients().put(reporter, client);
        }
        long now = owner.nanoTime();
        service.add(report, now, SLOT.toNanos());
        connections += client.add(report, now, SLOT.toNanos(), MOST_CONNECTIONS - connections);
    }

    private void forgetNowAndThen() {
        forget();
        owner.schedule(FORGET, this::forgetNowAndThen);
    }

    private void forget() {
        long now = owner.nanoTime();
        services.values().removeIf(service -> {
            service.forget(now, KEPT.toNanos());
            service.clients().values().removeIf(client -> {
                connections -= client.forget(now, KEPT.toNanos());
                return client.isEmpty();
            });
            return service.clients().isEmpty();
        });
    }

    /** By Service port, in order; nothing in it is older than {@link #KEPT}. */
    Map<ClusterName, ServiceHistory> services() {
        owner.checkCurrent();
        forget();
        return services;
    }
}
