package dev.sidestep.agent.boot;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** One attempt of {@code java.net.http}: tells its call how it ended, and ends it before it has a response. */
final class HttpAttempt implements BiConsumer<Object, Throwable>, Call.Attempt, Runnable {
    /** Of the client's {@code Response}, to its status; the JDK's own class, so one serves all. */
    private static volatile @Nullable MethodHandle status;

    /** Of the same to the connection that it came over, and to its address; null before they are looked for. */
    private static volatile @Nullable MethodHandle connection;

    private static volatile @Nullable MethodHandle address;
    private static volatile boolean noConnection;

    private final Call call;
    private final Object exchange;
    private final MethodHandles.Lookup lookup;
    private State state = State.WAITING; // Guarded by this.
    private @Nullable IOException givenUp; // Guarded by this.
    private volatile boolean last;

    private enum State {
        WAITING,
        GIVEN_UP,
        ENDED
    }

    /**
     * @param exchange the client's
     * @param lookup of its class
     */
    HttpAttempt(Call call, Object exchange, MethodHandles.Lookup lookup) {
        this.call = call;
        this.exchange = exchange;
        this.lookup = lookup;
    }

    @Override
    public void accept(@Nullable Object response, @Nullable Throwable failure) {
        IOException reason = end();
        if (reason != null && response != null) {
            // It came while its connection was being ended, so that nobody could read it to its end.
            try {
                call.failed(reason);
            } catch (Throwable e) {
                // It is not counted.
            }
            throw new CompletionException(reason);
        }
        try {
            if (failure != null) {
                call.failed(reason != null ? reason : HttpClientHooks.cause(failure));
            } else if (response != null) {
                if (call.observes()) {
                    tellConnection(response);
                }
                call.responded((int) statusOf(response).invokeExact(response));
            }
        } catch (Throwable e) {
            // As without Sidestep: the response is the application's, with or without our having counted it.
        }
    }

    /** Why it was given up; null if it was not. */
    private synchronized @Nullable IOException end() {
        State before = state;
        state = State.ENDED;
        return before == State.GIVEN_UP ? givenUp : null;
    }

    @Override
    public void giveUp(IOException failure, boolean noMore) {
        synchronized (this) {
            if (state != State.WAITING || givenUp != null) {
                return;
            }
            givenUp = failure;
            last = noMore;
        }
        executor(exchange, lookup).execute(this);
    }

    /** Ends it, on the client's own threads: the next attempt, or the application's code, goes on from here. */
    @Override
    public void run() {
        try {
            if (!last && impl().invoke(exchange) == null) {
                // While a connection is shared out, an exchange of the client takes this for ever; later, perhaps.
                synchronized (this) {
                    givenUp = null;
                }
                return;
            }
            IOException reason;
            synchronized (this) {
                reason = givenUp;
                if (state != State.WAITING || reason == null) {
                    return;
                }
                state = State.GIVEN_UP;
            }
            MethodHandle cancel = lookup.findVirtual(
                    exchange.getClass(), "cancel", MethodType.methodType(void.class, IOException.class));
            cancel.invoke(exchange, reason);
        } catch (Throwable e) {
            // Then it goes on waiting.
        }
    }

    private MethodHandle impl() throws ReflectiveOperationException {
        Class<?> type = Class.forName(
                "jdk.internal.net.http.ExchangeImpl",
                false,
                lookup.lookupClass().getClassLoader());
        return lookup.findGetter(exchange.getClass(), "exchImpl", type);
    }

    /** Where the client of {@code exchange} goes on. */
    static Executor executor(Object exchange, MethodHandles.Lookup lookup) {
        try {
            // By reflection, since what it returns differs between versions.
            return (Executor) lookup.unreflect(exchange.getClass().getDeclaredMethod("executor"))
                    .invoke(exchange);
        } catch (Throwable e) {
            return ForkJoinPool.commonPool();
        }
    }

    /** {@code response.exchange.exchImpl.connection()}, in all versions from 17 to 25. */
    private void tellConnection(Object response) {
        if (noConnection) {
            return;
        }
        try {
            MethodHandle known = connection;
            MethodHandle where = address;
            if (known == null || where == null) {
                ClassLoader loader = lookup.lookupClass().getClassLoader();
                Class<?> impl = Class.forName("jdk.internal.net.http.ExchangeImpl", false, loader);
                Class<?> type = Class.forName("jdk.internal.net.http.HttpConnection", false, loader);
                MethodHandle exchange = lookup.findGetter(response.getClass(), "exchange", lookup.lookupClass());
                MethodHandle implOf = lookup.findGetter(lookup.lookupClass(), "exchImpl", impl);
                MethodHandle ofImpl = lookup.findVirtual(impl, "connection", MethodType.methodType(type));
                known = MethodHandles.filterReturnValue(MethodHandles.filterReturnValue(exchange, implOf), ofImpl)
                        .asType(MethodType.methodType(Object.class, Object.class));
                where = lookup.findVirtual(type, "address", MethodType.methodType(InetSocketAddress.class))
                        .asType(MethodType.methodType(InetSocketAddress.class, Object.class));
                connection = known;
                address = where;
            }
            Object used = (Object) known.invokeExact(response);
            if (used != null) {
                call.goesOver(used, (InetSocketAddress) where.invokeExact(used));
            }
        } catch (Throwable e) {
            noConnection = true; // This version keeps it elsewhere: its calls are counted, its connections are not.
        }
    }

    private MethodHandle statusOf(Object response) throws ReflectiveOperationException {
        MethodHandle known = status;
        if (known == null) {
            known = lookup.findVirtual(response.getClass(), "statusCode", MethodType.methodType(int.class))
                    .asType(MethodType.methodType(int.class, Object.class));
            status = known;
        }
        return known;
    }
}
