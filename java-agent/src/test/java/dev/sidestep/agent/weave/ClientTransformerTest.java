package dev.sidestep.agent.weave;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.objectweb.asm.MethodVisitor;

class ClientTransformerTest {
    private static final String BUILDER = "io/grpc/internal/ManagedChannelImplBuilder";

    private final List<String> log = new ArrayList<>();

    private ClientTransformer transformer(Client client, Runnable onManagement) {
        return new ClientTransformer(List.of(client), (name, loader, domain) -> {}, onManagement, log::add);
    }

    private static byte[] codeOf(String name) throws IOException {
        try (InputStream in = ClientTransformerTest.class.getClassLoader().getResourceAsStream(name + ".class")) {
            assertThat(in).isNotNull();
            return in.readAllBytes();
        }
    }

    @Test
    void ourOwnGrpcIsNotWoven() throws IOException {
        ClassLoader ours = ClientTransformer.class.getClassLoader();

        byte[] woven = transformer(GrpcClient.client(), () -> {}).transform(ours, BUILDER, null, null, codeOf(BUILDER));

        assertThat(woven).isNull();
        assertThat(log).isEmpty();
    }

    @Test
    void aClientThatLacksOneMemberIsLeftAloneAsAWholeAndOnce() throws IOException {
        Weaving fits =
                new Weaving(BUILDER, Set.of(), List.of(Weaving.Hook.of("build()Lio/grpc/ManagedChannel;", this::same)));
        Weaving misfit = new Weaving("io/grpc/Status", Set.of("noSuchField:I"), List.of());
        ClientTransformer transformer =
                transformer(new Client("X", "x-client", List.of(fits, misfit), List.of()), () -> {});
        ClassLoader application = new ClassLoader(ClientTransformerTest.class.getClassLoader()) {};

        assertThat(transformer.transform(application, BUILDER, null, null, codeOf(BUILDER)))
                .isNull();
        assertThat(transformer.transform(application, "io/grpc/Status", null, null, codeOf("io/grpc/Status")))
                .isNull();
        assertThat(log).containsExactly("x-client: not balanced, this version has no io/grpc/Status.noSuchField:I");
    }

    @Test
    void otherClassesPassUnchangedAndTheFirstMBeanServerIsNoticed() {
        List<String> noticed = new ArrayList<>();
        ClientTransformer transformer = transformer(GrpcClient.client(), () -> noticed.add("jmx"));

        assertThat(transformer.transform(null, "java/lang/Thread", null, null, new byte[0]))
                .isNull();
        assertThat(noticed).isEmpty();
        assertThat(transformer.transform(null, "com/sun/jmx/mbeanserver/JmxMBeanServer", null, null, new byte[0]))
                .isNull();
        assertThat(noticed).containsExactly("jmx");
    }

    private MethodVisitor same(MethodVisitor method) {
        return method;
    }
}
