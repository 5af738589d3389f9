package dev.sidestep.agent.boot;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** One call of the application and its attempts, which follow one another; used by one thread at a time. */
public interface Call {
    /** Where the next attempt goes; null: where it would go without Sidestep. */
    @Nullable
    EndpointAddress attempt();

    /** The attempt under way got a response with this HTTP status. */
    void responded(int status);

    /** The attempt under way ended without a response. */
    void failed(Throwable failure);

    /** Whether the attempt that just failed is to be made again, on another endpoint. */
    boolean retry(Throwable failure);

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
}
