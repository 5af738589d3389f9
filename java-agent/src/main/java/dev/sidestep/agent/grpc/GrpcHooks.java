package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.Bridge;
import dev.sidestep.agent.boot.GrpcTarget;
import io.grpc.ClientInterceptor;
import io.grpc.LoadBalancer;
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
            TargetName name = TargetName.parse(helper.getChannelTarget());
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

    /** Before a channel is built: {@code interceptors} are its builder's. */
    public static void building(List<ClientInterceptor> interceptors, @Nullable String target) {
        try {
            TargetName name = target == null ? null : TargetName.parse(target);
            if (name == null || Bridge.grpc(name.host(), name.port() > 0 ? name.port() : ANY_PORT) == null) {
                return;
            }
            for (ClientInterceptor interceptor : interceptors) {
                if (interceptor instanceof ExplainingInterceptor) {
                    return; // A builder may build several channels.
                }
            }
            interceptors.add(0, new ExplainingInterceptor());
        } catch (RuntimeException | LinkageError e) {
            // As without Sidestep.
        }
    }
}
