package dev.sidestep.agent.boot;

import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** One call of the application and its attempts, which follow one another; used by one thread at a time. */
public interface Call {
    /** Where the next attempt goes; null: where it would go without Sidestep. */
    @Nullable
    EndpointAddress attempt();

    /**
     * The attempt to an endpoint is under way now.
     *
     * @param attempt takes it back
     */
    default void underWay(Attempt attempt) {}

    /** How long the attempt under way may take to connect, in nanoseconds; 0: as long as it would without Sidestep. */
    default long connectTimeoutNanos() {
        return 0;
    }

    /** That is over, and nothing was sent; a failure of the attempt follows. */
    default void connectTimedOut() {}

    /** The attempt under way got a response with this HTTP status. */
    void responded(int status);

    /** The attempt under way ended without a response. */
    void failed(Throwable failure);

    /** Whether the attempt that just failed is to be made again, on another endpoint. */
    boolean retry(Throwable failure);

    /** Whether the response that was just heard of is to be dropped and the attempt made again, on another endpoint. */
    default boolean goesAgain() {
        return false;
    }

    /** Whether it only hears how its attempts go, all of them where they would go without Sidestep. */
    default boolean observes() {
        return false;
    }

    /**
     * The attempt under way goes over {@code connection}.
     *
     * @param connection the same object for each attempt over it
     * @param remote where it leads; null if that is not known
     */
    default void goesOver(Object connection, @Nullable InetSocketAddress remote) {}

    /** What the application is to be told of {@code failure}: the same, or one of its type that says more. */
    Throwable explain(Throwable failure);

    /** One attempt that waits for its response. Any thread. */
    interface Attempt {
        /**
         * Gives it up as if its connection had been lost, unless there is a response by now or it cannot be given up at
         * this moment; returns at once.
         *
         * @param failure what it fails with then
         * @param last whether no attempt of the call comes after it
         */
        void giveUp(IOException failure, boolean last);
    }
}
