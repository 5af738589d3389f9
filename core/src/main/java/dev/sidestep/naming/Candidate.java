package dev.sidestep.naming;

/**
 * One meaning that a host can have, to be asked of discovery.
 *
 * @param asked the name to ask for: a {@link dev.sidestep.model.ClusterName#value} or {@code address:port}
 * @param hostname the one endpoint meant below a headless Service, by its own label; "" for the whole Service
 */
public record Candidate(String asked, String hostname) {}
