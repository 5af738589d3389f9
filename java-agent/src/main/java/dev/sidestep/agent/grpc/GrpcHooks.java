package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.Bridge;
import dev.sidestep.agent.boot.GrpcTarget;
import io.grpc.ClientInterceptor;
import io.grpc.LoadBalancer;
import java.lang.reflect.Field;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What code woven into gRPC calls. */
public final class GrpcHooks {
    private static final int ANY_PORT = 1;

    private GrpcHooks() {}

    /** Instead of {@code provider.newLoadBalancer(helper)}, wherever a channel makes the balancer of its policy. */
    public static LoadBalancer newLoadBalancer(LoadBalancer.Factory provider, LoadBalancer.Helper helper) {
        GrpcTarget target = targetOf(helper);
        return target == null ? provider.newLoadBalancer(helper) : new SidestepLoadBalancer(provider, helper, target);
    }

    private static @Nullable GrpcTarget targetOf(LoadBalancer.Helper helper) {
        try {
            TargetName name = TargetName.parse(channelTarget(helper));
            if (name == null) {
                return null;
            }
            int port =
                    name.port() > 0 ? name.port() : helper.getNameResolverArgs().getDefaultPort();
            return Bridge.grpc(name.host(), port);
        } catch (RuntimeException | LinkageError e) {
            return null;
        }
    }

    /**
     * The target as the application wrote it. The authority will not do: an application may override it, and then it names
     * what the certificate says, not who is called.
     */
    private static String channelTarget(LoadBalancer.Helper helper) {
        try {
            return helper.getChannelTarget();
        } catch (NoSuchMethodError beforeThereWasOne) {
            return targetField(helper);
        }
    }

    /** For versions whose helper is an inner class of the channel and does not tell; "" if this is no such version. */
    private static String targetField(LoadBalancer.Helper helper) {
        try {
            Field channel = helper.getClass().getDeclaredField("this$0");
            channel.setAccessible(true);
            Field target = channel.getType().getDeclaredField("target");
            target.setAccessible(true);
            return String.valueOf(target.get(channel.get(helper)));
        } catch (ReflectiveOperationException e) {
            return "";
        }
    }

    /** Before a channel is built: {@code interceptors} are its builder's. */
    public static void building(List<ClientInterceptor> interceptors, @Nullable String target) {
        try {
            TargetName name = target == null ? null : TargetName.parse(target);
            if (name == null) {
                return;
            }
            GrpcTarget called = Bridge.grpc(name.host(), name.port() > 0 ? name.port() : ANY_PORT);
            if (called == null) {
                return;
            }
            for (ClientInterceptor interceptor : interceptors) {
                if (interceptor instanceof ExplainingInterceptor) {
                    return; // A builder may build several channels.
                }
            }
            interceptors.add(0, new ExplainingInterceptor(name.port() > 0 ? called : null));
        } catch (RuntimeException | LinkageError e) {
            // As without Sidestep.
        }
    }
}
