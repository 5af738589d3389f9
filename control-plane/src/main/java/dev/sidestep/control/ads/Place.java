package dev.sidestep.control.ads;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A cluster that an endpoint has left.
 *
 * @param names all names under which clients may ask for it: its own and its addresses
 * @param generation the server's when it had left; whoever acknowledged this or a later one calls it no more
 */
public record Place(ClusterName cluster, Set<String> names, long generation) {
    public Place {
        names = Set.copyOf(names);
    }

    public static Place of(Cluster cluster, long generation) {
        var names = new LinkedHashSet<>(cluster.addresses());
        names.add(cluster.name().value());
        return new Place(cluster.name(), names, generation);
    }
}
