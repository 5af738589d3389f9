package dev.sidestep.agent.boot;

import java.net.SocketAddress;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The host and port that a gRPC channel calls. Any thread; nothing blocks. */
public interface GrpcTarget {
    /**
     * Where an attempt goes: not to one of {@code tried} if there is any other.
     *
     * @return an {@link Endpoint}, always the same object for the same one; {@link Pending} while that is not known yet;
     *     null: as without Sidestep
     */
    @Nullable
    Choice pick(List<Endpoint> tried);

    /** Runs {@code task} once when {@link #pick} no longer answers {@link Pending}, or when that takes too long. */
    void onAnswer(Runnable task);

    /** How calls that failed are made again; always the same object for the same policy. */
    Retries retries();

    /**
     * Whether a call that failed is made again, now that it is to go out; takes from the budget if so.
     *
     * @param code of the gRPC status that the last attempt ended with
     * @param lost whether that attempt ended without a word from the server
     * @param attempts how many attempts failed
     * @param tried where they went; without any other, there is no retry
     */
    boolean mayRetry(int code, boolean lost, int attempts, List<Endpoint> tried);

    /** How long a call may take, in nanoseconds; 0: as long as it would without Sidestep. */
    long timeoutNanos();

    /** What failures call it. */
    String service();

    /** Whether somebody wants to hear of attempts that go where they would go without Sidestep. */
    boolean observes();

    /** Such an attempt begins now; null if nobody wants to hear of it any more. */
    @Nullable
    Observed observed();

    /** One attempt that goes where it would go without Sidestep. */
    interface Observed {
        /**
         * It goes over {@code connection}.
         *
         * @param connection the same object for each attempt over it
         * @param remote where it leads; null if that is not known
         */
        void goesOver(Object connection, @Nullable SocketAddress remote);

        /** It is over; the parameters are those of {@link Endpoint#ended}. */
        void ended(int code, boolean responded, long nanos);
    }

    /**
     * How calls that failed are made again.
     *
     * @param attempts how many attempts there may be in all
     * @param codes of the gRPC statuses after which there may be another; none: never
     */
    record Retries(int attempts, Set<Integer> codes) {
        /** Never. */
        public static final Retries NONE = new Retries(1, Set.of());

        public Retries {
            codes = Set.copyOf(codes);
        }
    }

    /** What {@link #pick} answers. */
    interface Choice {}

    /** The control plane has not answered yet. */
    final class Pending implements Choice {
        public static final Pending PENDING = new Pending();

        private Pending() {}
    }

    /** One endpoint, over all channels of the process. */
    interface Endpoint extends Choice {
        /** {@code address:port}, resolved. */
        java.net.InetSocketAddress address();

        /** Whether it takes no new calls for good. */
        boolean draining();

        /** An attempt goes to it now; each one is {@link #ended}. */
        void started();

        /** Its first response byte is here. */
        void responded();

        /**
         * An attempt is over.
         *
         * @param code of the gRPC status
         * @param responded whether {@link #responded} was called for it
         * @param nanos from its start to its first response byte, or to its end without one
         */
        void ended(int code, boolean responded, long nanos);

        /** No connection could be made; counts as an attempt. */
        void connectFailed();

        /** None was made within {@link #connectTimeoutNanos}; counts as an attempt. */
        void connectTimedOut();

        /** How long a connection may take. */
        long connectTimeoutNanos();
    }
}
