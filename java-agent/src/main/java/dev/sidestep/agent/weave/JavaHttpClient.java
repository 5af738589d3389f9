package dev.sidestep.agent.weave;

import static org.objectweb.asm.Opcodes.ACONST_NULL;
import static org.objectweb.asm.Opcodes.ALOAD;
import static org.objectweb.asm.Opcodes.ARETURN;
import static org.objectweb.asm.Opcodes.ASM9;
import static org.objectweb.asm.Opcodes.DUP;
import static org.objectweb.asm.Opcodes.F_SAME;
import static org.objectweb.asm.Opcodes.GETFIELD;
import static org.objectweb.asm.Opcodes.IFEQ;
import static org.objectweb.asm.Opcodes.IFNE;
import static org.objectweb.asm.Opcodes.IFNULL;
import static org.objectweb.asm.Opcodes.INVOKESTATIC;
import static org.objectweb.asm.Opcodes.INVOKEVIRTUAL;
import static org.objectweb.asm.Opcodes.NOP;
import static org.objectweb.asm.Opcodes.PUTFIELD;
import static org.objectweb.asm.Opcodes.RETURN;

import dev.sidestep.agent.weave.Weaving.Hook;
import java.util.List;
import java.util.Set;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;

/**
 * {@code java.net.http}, HTTP/1.1 and HTTP/2, of JDK 17 to 25: everything goes on as the client makes it, except that a
 * request's address is the pinned endpoint's.
 *
 * <p>The endpoint is pinned per attempt, at {@code Exchange.responseAsync}: the address is asked two or three times an
 * attempt, for the pool's key and for the connection, and must not change between; and attempts share the request and the
 * exchange.
 */
public final class JavaHttpClient {
    private static final String PACKAGE = "jdk/internal/net/http/";
    private static final String REQUEST = PACKAGE + "HttpRequestImpl";
    private static final String EXCHANGE = PACKAGE + "Exchange";
    private static final String MULTI = PACKAGE + "MultiExchange";
    private static final String H2_CONNECTION = PACKAGE + "Http2Connection";
    private static final String HOOKS = "dev/sidestep/agent/boot/HttpClientHooks";
    private static final String ADDRESS = "Ljava/net/InetSocketAddress;";
    private static final String FUTURE = "Ljava/util/concurrent/CompletableFuture;";
    private static final String THROWABLE = "Ljava/lang/Throwable;";

    private JavaHttpClient() {}

    public static Client client() {
        return new Client(
                "JAVA_HTTP_CLIENT",
                "java.net.http",
                List.of(request(), exchange(), multiExchange(), http2Connection()),
                List.of());
    }

    private static Weaving request() {
        return new Weaving(
                REQUEST,
                Set.of(
                        "authority:" + ADDRESS,
                        "authority()" + ADDRESS,
                        "proxy()" + ADDRESS,
                        "uri()Ljava/net/URI;",
                        "method()Ljava/lang/String;"),
                List.of(
                        // The two that make a request that is sent: from the application's, and for a redirect.
                        Hook.of("<init>(Ljava/net/http/HttpRequest;Ljava/net/ProxySelector;)V", PinInConstructor::new),
                        Hook.of("<init>(Ljava/net/URI;Ljava/lang/String;L" + REQUEST + ";Z)V", PinInConstructor::new),
                        Hook.of("getAddress()" + ADDRESS, PinnedAddress::new)));
    }

    private static Weaving exchange() {
        return new Weaving(
                EXCHANGE,
                Set.of("request:L" + REQUEST + ";"),
                List.of(Hook.of("responseAsync()" + FUTURE, Attempt::new)));
    }

    private static Weaving multiExchange() {
        return new Weaving(
                MULTI,
                Set.of(
                        "cancelled:Z",
                        "currentreq:L" + REQUEST + ";",
                        "previousreq:L" + REQUEST + ";",
                        "retryCause:" + THROWABLE),
                List.of(new Hook(
                        List.of(
                                "getExceptionalCF(" + THROWABLE + ")" + FUTURE,
                                "getExceptionalCF(" + THROWABLE + "L" + PACKAGE + "ExchangeImpl;)" + FUTURE),
                        Retry::new)));
    }

    private static Weaving http2Connection() {
        return new Weaving(
                H2_CONNECTION,
                Set.of(),
                List.of(
                        Hook.of("keyFor(L" + REQUEST + ";)Ljava/lang/String;", PoolKey::new),
                        Hook.of("keyFor(L" + PACKAGE + "HttpConnection;)Ljava/lang/String;", PoolKey::new)));
    }

    /** {@code this.authority = HttpClientHooks.pin(this.authority)} before each return. */
    private static final class PinInConstructor extends MethodVisitor {
        PinInConstructor(MethodVisitor next) {
            super(ASM9, next);
        }

        @Override
        public void visitInsn(int opcode) {
            if (opcode == RETURN) {
                super.visitVarInsn(ALOAD, 0);
                super.visitVarInsn(ALOAD, 0);
                super.visitFieldInsn(GETFIELD, REQUEST, "authority", ADDRESS);
                super.visitMethodInsn(INVOKESTATIC, HOOKS, "pin", "(" + ADDRESS + ")" + ADDRESS, false);
                super.visitFieldInsn(PUTFIELD, REQUEST, "authority", ADDRESS);
            }
            super.visitInsn(opcode);
        }
    }

    /** {@code a = HttpClientHooks.address(this.authority); if (a != null) return a;} at the start. */
    private static final class PinnedAddress extends MethodVisitor {
        PinnedAddress(MethodVisitor next) {
            super(ASM9, next);
        }

        @Override
        public void visitCode() {
            super.visitCode();
            Label original = new Label();
            pinnedAddress();
            super.visitJumpInsn(IFNULL, original);
            pinnedAddress();
            super.visitInsn(ARETURN);
            startOfOriginal(mv, original);
        }

        private void pinnedAddress() {
            super.visitVarInsn(ALOAD, 0);
            super.visitFieldInsn(GETFIELD, REQUEST, "authority", ADDRESS);
            super.visitMethodInsn(INVOKESTATIC, HOOKS, "address", "(" + ADDRESS + ")" + ADDRESS, false);
        }
    }

    /**
     * {@code HttpClientHooks.attempt(pin, uri, method, proxy)} at the start, {@code return
     * HttpClientHooks.observe(response, pin, MethodHandles.lookup())} at the end.
     */
    private static final class Attempt extends MethodVisitor {
        Attempt(MethodVisitor next) {
            super(ASM9, next);
        }

        @Override
        public void visitCode() {
            super.visitCode();
            ofRequest("authority", ADDRESS);
            ofRequest("uri", "Ljava/net/URI;");
            ofRequest("method", "Ljava/lang/String;");
            ofRequest("proxy", ADDRESS);
            super.visitMethodInsn(
                    INVOKESTATIC,
                    HOOKS,
                    "attempt",
                    "(" + ADDRESS + "Ljava/net/URI;Ljava/lang/String;" + ADDRESS + ")V",
                    false);
        }

        @Override
        public void visitInsn(int opcode) {
            if (opcode == ARETURN) {
                String lookup = "Ljava/lang/invoke/MethodHandles$Lookup;";
                ofRequest("authority", ADDRESS);
                super.visitMethodInsn(INVOKESTATIC, "java/lang/invoke/MethodHandles", "lookup", "()" + lookup, false);
                super.visitMethodInsn(
                        INVOKESTATIC, HOOKS, "observe", "(" + FUTURE + ADDRESS + lookup + ")" + FUTURE, false);
            }
            super.visitInsn(opcode);
        }

        private void ofRequest(String accessor, String type) {
            super.visitVarInsn(ALOAD, 0);
            super.visitFieldInsn(GETFIELD, EXCHANGE, "request", "L" + REQUEST + ";");
            super.visitMethodInsn(INVOKEVIRTUAL, REQUEST, accessor, "()" + type, false);
        }
    }

    /**
     * Where the client decides whether to make another attempt (null says yes): ours first, for it knows of more that is
     * safe, then its own, which lands on another endpoint too. What it then gives up with is explained.
     */
    private static final class Retry extends MethodVisitor {
        Retry(MethodVisitor next) {
            super(ASM9, next);
        }

        @Override
        public void visitCode() {
            super.visitCode();
            Label original = new Label();
            super.visitVarInsn(ALOAD, 0);
            super.visitFieldInsn(GETFIELD, MULTI, "cancelled", "Z");
            super.visitJumpInsn(IFNE, original);
            pin();
            super.visitVarInsn(ALOAD, 1);
            super.visitMethodInsn(INVOKESTATIC, HOOKS, "retry", "(" + ADDRESS + THROWABLE + ")Z", false);
            super.visitJumpInsn(IFEQ, original);
            // As the client's own retry does it: with both equal, filters (cookies, authentication) do not run again.
            super.visitVarInsn(ALOAD, 0);
            super.visitInsn(DUP);
            super.visitFieldInsn(GETFIELD, MULTI, "currentreq", "L" + REQUEST + ";");
            super.visitFieldInsn(PUTFIELD, MULTI, "previousreq", "L" + REQUEST + ";");
            super.visitVarInsn(ALOAD, 0);
            super.visitVarInsn(ALOAD, 1);
            super.visitFieldInsn(PUTFIELD, MULTI, "retryCause", THROWABLE);
            super.visitInsn(ACONST_NULL);
            super.visitInsn(ARETURN);
            startOfOriginal(mv, original);
        }

        @Override
        public void visitInsn(int opcode) {
            if (opcode == ARETURN) {
                pin();
                super.visitMethodInsn(INVOKESTATIC, HOOKS, "explain", "(" + FUTURE + ADDRESS + ")" + FUTURE, false);
            }
            super.visitInsn(opcode);
        }

        private void pin() {
            super.visitVarInsn(ALOAD, 0);
            super.visitFieldInsn(GETFIELD, MULTI, "currentreq", "L" + REQUEST + ";");
            super.visitMethodInsn(INVOKEVIRTUAL, REQUEST, "authority", "()" + ADDRESS, false);
        }
    }

    /** {@code HttpClientHooks.poolKey(address)} instead of {@code address.getHostString()}. */
    private static final class PoolKey extends MethodVisitor {
        PoolKey(MethodVisitor next) {
            super(ASM9, next);
        }

        @Override
        public void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean ofInterface) {
            if (name.equals("getHostString") && owner.equals("java/net/InetSocketAddress")) {
                super.visitMethodInsn(INVOKESTATIC, HOOKS, "poolKey", "(" + ADDRESS + ")Ljava/lang/String;", false);
            } else {
                super.visitMethodInsn(opcode, owner, name, descriptor, ofInterface);
            }
        }
    }

    /** A frame like the method's first; the NOP keeps it apart from a frame that the original may begin with. */
    private static void startOfOriginal(MethodVisitor method, Label label) {
        method.visitLabel(label);
        method.visitFrame(F_SAME, 0, null, 0, null);
        method.visitInsn(NOP);
    }
}
