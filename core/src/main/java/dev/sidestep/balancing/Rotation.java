package dev.sidestep.balancing;

import dev.sidestep.model.TrafficPolicy;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * Who of a cluster takes calls now. Made on the owner.
 *
 * @param usable those that do; not empty
 * @param excluded those that take no calls, but for probes
 * @param panic whether none is left alone because too few would be left
 */
record Rotation(List<LiveCluster.Member> usable, Set<TrackedSubchannel> excluded, boolean panic) {
    /** Those that can take no call at all first: one that answers badly may still answer. Then the longest troubled. */
    private static final Comparator<TrackedSubchannel> SUREST_FIRST = Comparator.comparing(
                    (TrackedSubchannel subchannel) ->
                            !subchannel.health().cause().isHard())
            .thenComparing((one, other) ->
                    Long.signum(one.health().sinceNanos() - other.health().sinceNanos()));

    /**
     * Leaves alone whom the judge has found wanting: never the last, and no more than the policy allows, the surest cases
     * first; and if even so less than half were left, nobody.
     *
     * @param members not empty
     */
    static Rotation of(List<LiveCluster.Member> members, TrafficPolicy policy) {
        int count = members.size();
        int limit = policy.ejection()
                .map(ejection -> Math.min(count - 1, count * ejection.maxPercent() / 100))
                .orElse(0);
        List<TrackedSubchannel> alone = members.stream()
                .map(LiveCluster.Member::subchannel)
                .filter(subchannel -> subchannel.health().state() != Health.State.READY)
                .sorted(SUREST_FIRST)
                .limit(limit)
                .toList();
        boolean panic = (count - alone.size()) * 2 < count;
        Set<TrackedSubchannel> excluded = panic ? Set.of() : Set.copyOf(alone);
        List<LiveCluster.Member> usable = members.stream()
                .filter(member -> !excluded.contains(member.subchannel()))
                .toList();
        return new Rotation(usable, excluded, panic);
    }

    /**
     * The picker of those.
     *
     * @param mayProbe whether one that is left alone may be dialled to find out whether it is well
     */
    Picker picker(Cursor cursor, boolean mayProbe) {
        var rest = new RoundRobinPicker(schedule(), cursor);
        TrackedSubchannel[] probed = excluded.stream()
                .filter(subchannel -> mayProbe && subchannel.health().state() != Health.State.EJECTED)
                .toArray(TrackedSubchannel[]::new);
        return probed.length == 0 ? rest : new ProbingPicker(rest, probed);
    }

    private Subchannel[] schedule() {
        int[] weights =
                usable.stream().mapToInt(member -> member.endpoint().weight()).toArray();
        int[] order = Schedule.of(weights);
        var schedule = new Subchannel[order.length];
        for (int i = 0; i < order.length; i++) {
            schedule[i] = usable.get(order[i]).subchannel();
        }
        return schedule;
    }
}
