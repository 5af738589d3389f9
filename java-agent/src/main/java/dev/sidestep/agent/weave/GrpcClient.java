package dev.sidestep.agent.weave;

import static org.objectweb.asm.Opcodes.ALOAD;
import static org.objectweb.asm.Opcodes.ASM9;
import static org.objectweb.asm.Opcodes.GETFIELD;
import static org.objectweb.asm.Opcodes.INVOKESTATIC;

import dev.sidestep.agent.weave.Weaving.Hook;
import java.util.List;
import java.util.Set;
import org.objectweb.asm.MethodVisitor;

/**
 * grpc-java from 1.45 on, whatever its transport: {@code grpc-core} is in none of them shaded. Wherever a channel makes the
 * balancer of its policy, whether that was configured, resolved or the default, ours is put around it.
 */
public final class GrpcClient {
    private static final String BUILDER = "io/grpc/internal/ManagedChannelImplBuilder";
    private static final String AUTO_CONFIGURED =
            "io/grpc/internal/AutoConfiguredLoadBalancerFactory$AutoConfiguredLoadBalancer";
    private static final String HOOKS = "dev/sidestep/agent/grpc/GrpcHooks";
    private static final String RESOLVED = "(Lio/grpc/LoadBalancer$ResolvedAddresses;)Lio/grpc/Status;";

    /** What is defined in the application's loader, each after those that it extends. */
    static final List<String> HELPERS = List.of(
            "TargetName",
            "CallRecord",
            "MethodConfigs$Known",
            "MethodConfigs",
            "ExplainingInterceptor$Explaining",
            "ExplainingInterceptor$1",
            "ExplainingInterceptor",
            "OutcomeTracer",
            "OutcomeTracer$Factory",
            "ObservingTracer",
            "ObservingTracer$Unheard",
            "ObservingTracer$Factory",
            "Connection",
            "Fallback",
            "Fallback$Forwarding",
            "EnginePicker",
            "SidestepLoadBalancer",
            "GrpcHooks");

    private GrpcClient() {}

    public static Client client() {
        return new Client(
                "GRPC",
                "grpc-java",
                List.of(builder(), autoConfigured()),
                HELPERS.stream().map(name -> "dev.sidestep.agent.grpc." + name).toList());
    }

    private static Weaving builder() {
        return new Weaving(
                BUILDER,
                Set.of("interceptors:Ljava/util/List;", "target:Ljava/lang/String;"),
                List.of(Hook.of("build()Lio/grpc/ManagedChannel;", Build::new)));
    }

    private static Weaving autoConfigured() {
        return new Weaving(
                AUTO_CONFIGURED,
                Set.of(),
                List.of(
                        Hook.of(
                                "<init>(Lio/grpc/internal/AutoConfiguredLoadBalancerFactory;Lio/grpc/LoadBalancer$Helper;)V",
                                NewBalancer::new),
                        new Hook(
                                List.of(
                                        "acceptResolvedAddresses" + RESOLVED,
                                        "tryAcceptResolvedAddresses" + RESOLVED,
                                        "tryHandleResolvedAddresses" + RESOLVED),
                                NewBalancer::new)));
    }

    /** {@code GrpcHooks.building(this.interceptors, this.target)} at the start. */
    private static final class Build extends MethodVisitor {
        Build(MethodVisitor next) {
            super(ASM9, next);
        }

        @Override
        public void visitCode() {
            super.visitCode();
            super.visitVarInsn(ALOAD, 0);
            super.visitFieldInsn(GETFIELD, BUILDER, "interceptors", "Ljava/util/List;");
            super.visitVarInsn(ALOAD, 0);
            super.visitFieldInsn(GETFIELD, BUILDER, "target", "Ljava/lang/String;");
            super.visitMethodInsn(INVOKESTATIC, HOOKS, "building", "(Ljava/util/List;Ljava/lang/String;)V", false);
        }
    }

    /** {@code GrpcHooks.newLoadBalancer(provider, helper)} instead of {@code provider.newLoadBalancer(helper)}. */
    private static final class NewBalancer extends MethodVisitor {
        private static final String DESCRIPTOR = "(Lio/grpc/LoadBalancer$Helper;)Lio/grpc/LoadBalancer;";

        NewBalancer(MethodVisitor next) {
            super(ASM9, next);
        }

        @Override
        public void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean ofInterface) {
            if (name.equals("newLoadBalancer") && descriptor.equals(DESCRIPTOR)) {
                super.visitMethodInsn(
                        INVOKESTATIC, HOOKS, name, "(Lio/grpc/LoadBalancer$Factory;" + DESCRIPTOR.substring(1), false);
            } else {
                super.visitMethodInsn(opcode, owner, name, descriptor, ofInterface);
            }
        }
    }
}
