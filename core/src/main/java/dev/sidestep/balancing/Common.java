package dev.sidestep.balancing;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the endpoints of a cluster have in common, as far as it speaks for or against one of them. What took a look at all of
 * them is kept for a moment: when thousands fail at once, each of them asks. Confined to the owner.
 */
final class Common {
    private static final long SHARED_FOR_NANOS = 100_000_000;

    private double sharedRate = Double.NEGATIVE_INFINITY;
    private long sharedNanos;

    private int heardAtLook;
    private @Nullable TrackedSubchannel heardLast;
    private @Nullable TrackedSubchannel heardBefore;

    /**
     * Whether most endpoints that had calls fail at least half as often. Never stale where it speaks against an endpoint.
     *
     * @param rate the share of its calls that failed
     */
    boolean isShared(List<LiveCluster.Member> members, double rate, long nowNanos) {
        if (rate <= sharedRate && nowNanos - sharedNanos < SHARED_FOR_NANOS) {
            return true; // What is common at a rate is common at any lower one.
        }
        int known = 0;
        int sharing = 0;
        for (LiveCluster.Member member : members) {
            double other = member.subchannel().failureRate();
            if (!Double.isNaN(other)) {
                known++;
                if (other >= rate / 2) {
                    sharing++;
                }
            }
        }
        boolean shared = known < 2 || sharing * 2 > known; // With nothing to compare with, nothing speaks against it.
        sharedRate = shared ? rate : Double.NEGATIVE_INFINITY;
        sharedNanos = nowNanos;
        return shared;
    }

    /**
     * Whether any other than {@code silent} was heard of since: if none was, something else is the matter.
     *
     * @param look differs from that of the last call if all should be looked at anew
     */
    boolean othersAnswer(List<LiveCluster.Member> members, TrackedSubchannel silent, long sinceNanos, int look) {
        if (look != heardAtLook) {
            heardAtLook = look;
            lookAt(members);
        }
        TrackedSubchannel other = heardLast == silent ? heardBefore : heardLast;
        return other != null && other.lastByteNanos() - sinceNanos > 0;
    }

    private void lookAt(List<LiveCluster.Member> members) {
        heardLast = null;
        heardBefore = null;
        for (LiveCluster.Member member : members) {
            TrackedSubchannel subchannel = member.subchannel();
            if (isLater(subchannel, heardLast)) {
                heardBefore = heardLast;
                heardLast = subchannel;
            } else if (isLater(subchannel, heardBefore)) {
                heardBefore = subchannel;
            }
        }
    }

    private static boolean isLater(TrackedSubchannel one, @Nullable TrackedSubchannel other) {
        return other == null || one.lastByteNanos() - other.lastByteNanos() > 0;
    }
}
