package dev.sidestep.balancing;

import org.jspecify.annotations.Nullable;

/** Where a call goes. Every result is made beforehand: a pick allocates nothing. */
public sealed interface PickResult permits Subchannel, PickResult.PassThrough, PickResult.Pending {
    /** To where it was going, as without Sidestep. */
    enum PassThrough implements PickResult {
        /** The host cannot be a Service: not counted as a fallback. */
        NOT_OURS(null),
        /** The control plane answered that there is no such Service. */
        UNKNOWN_SERVICE(Reason.UNKNOWN_SERVICE),
        /** Nothing is known and no control plane is connected. */
        NO_CONTROL_PLANE(Reason.NO_CONTROL_PLANE),
        /** What is known is too old, and there is a VIP. */
        STALE(Reason.STALE),
        MODE_OFF(Reason.MODE_OFF),
        MODE_OBSERVE(Reason.MODE_OBSERVE),
        /** No endpoint is ready or serving. If the call then fails to connect, this is the reason to give. */
        NO_ENDPOINTS(Reason.NO_ENDPOINTS);

        private final @Nullable Reason reason;

        PassThrough(@Nullable Reason reason) {
            this.reason = reason;
        }

        /** What {@code sidestep_fallbacks_total} counts it under; null where nothing fell back. */
        public @Nullable Reason reason() {
            return reason;
        }
    }

    /** The first answer is still out: wait for {@link Destination#onAnswer}, within the placement's limit. */
    enum Pending implements PickResult {
        PENDING
    }
}
