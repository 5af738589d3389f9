package dev.sidestep.xds;

/** What our load reports say beyond the standard's words, as names of metrics; others pass them over. */
final class LoadMetric {
    /** Value: seconds of all calls that it counts. */
    static final String LATENCY = "sidestep.dev/latency-seconds";

    /** And its number. Calls on one connection of the application; value: 1 in its first report, else 0. */
    static final String CONNECTION = "sidestep.dev/connection/";

    /** And any number. Calls on connections that are not told one by one; value: how many these are. */
    static final String CONNECTIONS = "sidestep.dev/connections/";

    /** And the same number. Value: how many of them are reported for the first time. */
    static final String OPENED = "sidestep.dev/opened-connections/";

    private LoadMetric() {}
}
