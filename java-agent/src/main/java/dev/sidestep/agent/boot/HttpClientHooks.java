package dev.sidestep.agent.boot;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What code woven into {@code java.net.http} calls. Written without lambdas and without string concatenation: the classes
 * of the boot loader that these need would all be loaded before {@code main}.
 */
public final class HttpClientHooks {
    private HttpClientHooks() {}

    /** At the end of a request's constructor: what goes into its unused {@code authority}. */
    public static @Nullable InetSocketAddress pin(@Nullable InetSocketAddress authority) {
        return authority == null && Bridge.balancer() != null ? new Pin() : authority;
    }

    /** Before each attempt: picks its endpoint. Not in the request's constructor, which attempts share. */
    public static void attempt(
            @Nullable InetSocketAddress pin, URI uri, String method, @Nullable InetSocketAddress proxy) {
        if (!(pin instanceof Pin pinned)) {
            return;
        }
        try {
            pinned.address = null;
            if (!pinned.begun) {
                pinned.begun = true;
                pinned.call = proxy == null ? begin(uri, method) : null;
            }
            Call call = pinned.call;
            if (call != null) {
                pinned.address = call.attempt();
            }
        } catch (Throwable e) {
            pinned.call = null;
            pinned.address = null;
        }
    }

    private static @Nullable Call begin(URI uri, String method) {
        Balancer balancer = Bridge.balancer();
        String host = uri.getHost();
        if (balancer == null || host == null) {
            return null;
        }
        int port = uri.getPort();
        if (port < 0) {
            String scheme = uri.getScheme();
            port = "https".equalsIgnoreCase(scheme) || "wss".equalsIgnoreCase(scheme) ? 443 : 80;
        }
        return balancer.call(host, port, method);
    }

    /** Before a request's address is resolved: the one to use instead, or null. */
    public static @Nullable InetSocketAddress address(@Nullable InetSocketAddress pin) {
        return pin instanceof Pin pinned ? pinned.address : null;
    }

    /** What a connection of HTTP/2 is pooled under instead of its host: two endpoints must not share one. */
    public static String poolKey(InetSocketAddress address) {
        return address instanceof EndpointAddress endpoint ? endpoint.poolKey() : address.getHostString();
    }

    /**
     * After each attempt was begun: hears of its end.
     *
     * @param lookup of a class of the client, whose response is not public
     * @return what to give to the caller instead of {@code response}: stages run in no order but by dependence, and the
     *     outcome has to be known before the client decides about another attempt
     */
    @SuppressWarnings({"rawtypes", "unchecked"}) // The response's type cannot be named here.
    public static CompletableFuture observe(
            CompletableFuture response, @Nullable InetSocketAddress pin, MethodHandles.Lookup lookup) {
        if (!(pin instanceof Pin pinned)) {
            return response;
        }
        Call call = pinned.call;
        if (call == null || (pinned.address == null && !call.observes())) {
            return response;
        }
        return response.whenComplete(new End(call, lookup));
    }

    /** When an attempt failed and the client asks whether to make another. */
    public static boolean retry(@Nullable InetSocketAddress pin, Throwable failure) {
        try {
            Call call = pin instanceof Pin pinned ? pinned.call : null;
            return call != null && call.retry(cause(failure));
        } catch (Throwable e) {
            return false;
        }
    }

    /** When the call failed for good: the failed future that the application gets. */
    @SuppressWarnings({"rawtypes", "unchecked"})
    public static @Nullable CompletableFuture explain(
            @Nullable CompletableFuture failed, @Nullable InetSocketAddress pin) {
        Call call = pin instanceof Pin pinned ? pinned.call : null;
        if (call == null || failed == null || !failed.isCompletedExceptionally()) {
            return failed;
        }
        try {
            failed.getNow(null);
            return failed;
        } catch (CompletionException e) {
            return explained(failed, call, cause(e));
        } catch (Throwable e) {
            return failed;
        }
    }

    @SuppressWarnings("rawtypes")
    private static CompletableFuture explained(CompletableFuture failed, Call call, Throwable failure) {
        try {
            Throwable more = call.explain(failure);
            return more == failure ? failed : CompletableFuture.failedFuture(more);
        } catch (Throwable e) {
            return failed;
        }
    }

    private static Throwable cause(Throwable failure) {
        Throwable cause = failure.getCause();
        boolean wrapper = failure instanceof CompletionException || failure instanceof ExecutionException;
        return wrapper && cause != null ? cause : failure;
    }

    /** Tells a call how its attempt ended. */
    private static final class End implements BiConsumer<Object, Throwable> {
        /** Of the client's {@code Response}, to its status; the JDK's own class, so one serves all. */
        private static volatile @Nullable MethodHandle status;

        /** Of the same to the connection that it came over, and to its address; null before they are looked for. */
        private static volatile @Nullable MethodHandle connection;

        private static volatile @Nullable MethodHandle address;
        private static volatile boolean noConnection;

        private final Call call;
        private final MethodHandles.Lookup lookup;

        End(Call call, MethodHandles.Lookup lookup) {
            this.call = call;
            this.lookup = lookup;
        }

        @Override
        public void accept(@Nullable Object response, @Nullable Throwable failure) {
            try {
                if (failure != null) {
                    call.failed(cause(failure));
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
}
