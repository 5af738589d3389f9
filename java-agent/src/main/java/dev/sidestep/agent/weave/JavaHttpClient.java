package dev.sidestep.agent.weave;

import static org.objectweb.asm.Opcodes.ACONST_NULL;
import static org.objectweb.asm.Opcodes.ALOAD;
import static org.objectweb.asm.Opcodes.ARETURN;
import static org.objectweb.asm.Opcodes.ASM9;
import static org.objectweb.asm.Opcodes.CHECKCAST;
import static org.objectweb.asm.Opcodes.DUP;
import static org.objectweb.asm.Opcodes.F_SAME;
import static org.objectweb.asm.Opcodes.GETFIELD;
import static org.objectweb.asm.Opcodes.IFEQ;
import static org.objectweb.asm.Opcodes.IFNE;
import static org.objectweb.asm.Opcodes.IFNULL;
import static org.objectweb.asm.Opcodes.INVOKESPECIAL;
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
    private static final String EXCHANGE_IMPL = PACKAGE + "ExchangeImpl";
    private static final String RESPONSE_TIMER = PACKAGE + "ResponseTimerEvent";
    private static final String PLAIN_CONNECTION = PACKAGE + "PlainHttpConnection";
    private static final String CONNECT_TIMER = PLAIN_CONNECTION + "$ConnectTimerEvent";
    private static final String HOOKS = "dev/sidestep/agent/boot/HttpClientHooks";
    private static final String ADDRESS = "Ljava/net/InetSocketAddress;";
    private static final String FUTURE = "Ljava/util/concurrent/CompletableFuture;";
    private static final String THROWABLE = "Ljava/lang/Throwable;";
    private static final String OPTIONAL = "Ljava/util/Optional;";
    private static final String RESPONSE = "Ljava/net/http/HttpResponse;";
    private static final String COUNT = "Ljava/util/concurrent/atomic/AtomicInteger;";
    private static final String LOOKUP = "Ljava/lang/invoke/MethodHandles$Lookup;";

    private JavaHttpClient() {}

    public static Client client() {
        return new Client(
                "JAVA_HTTP_CLIENT",
                "java.net.http",
                List.of(
                        request(),
                        exchange(),
                        multiExchange(),
                        http2Connection(),
                        responseTimer(),
                        plainConnection(),
                        connectTimer()),
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
                Set.of(
                        "request:L" + REQUEST + ";",
                        "multi:L" + MULTI + ";",
                        "exchImpl:L" + EXCHANGE_IMPL + ";",
                        "cancel(Ljava/io/IOException;)V"),
                List.of(
                        Hook.of("responseAsync()" + FUTURE, Attempt::new),
                        Hook.of("remainingConnectTimeout()" + OPTIONAL, ConnectTimeout::new),
                        new Hook(
                                List.of(
                                        "executor()Ljava/util/concurrent/Executor;",
                                        "executor()L" + PACKAGE + "HttpClientImpl$DelegatingExecutor;"),
                                asItIs -> asItIs)));
    }

    private static Weaving multiExchange() {
        return new Weaving(
                MULTI,
                Set.of(
                        "cancelled:Z",
                        "attempts:" + COUNT,
                        "exchange:L" + EXCHANGE + ";",
                        "response:" + RESPONSE,
                        "cancelTimer()V",
                        "currentreq:L" + REQUEST + ";",
                        "previousreq:L" + REQUEST + ";",
                        "retryCause:" + THROWABLE),
                List.of(
                        Hook.of("responseFilters(L" + PACKAGE + "Response;)L" + REQUEST + ";", Answer::new),
                        new Hook(
                                List.of(
                                        "getExceptionalCF(" + THROWABLE + ")" + FUTURE,
                                        "getExceptionalCF(" + THROWABLE + "L" + PACKAGE + "ExchangeImpl;)" + FUTURE),
                                Retry::new)));
    }

    private static Weaving responseTimer() {
        return new Weaving(RESPONSE_TIMER, Set.of(), List.of(Hook.of("<init>(L" + MULTI + ";)V", Timeout::new)));
    }

    private static Weaving plainConnection() {
        return new Weaving(
                PLAIN_CONNECTION,
                Set.of("connectTimerEvent:L" + CONNECT_TIMER + ";"),
                List.of(Hook.of("finishConnect()" + FUTURE, Connected::new)));
    }

    private static Weaving connectTimer() {
        return new Weaving(
                CONNECT_TIMER,
                Set.of("exchange:L" + EXCHANGE + ";", "cf:" + FUTURE, "this$0:L" + PLAIN_CONNECTION + ";"),
                List.of(Hook.of("handle()V", ConnectTimer::new)));
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
     * {@code if (HttpClientHooks.attempt(pin, uri, method, proxy)) { this.exchImpl = null; this.multi.response =
     * HttpClientHooks.previousResponse(pin, this.multi.response); }} at the start, {@code return
     * HttpClientHooks.observe(response, pin, this, MethodHandles.lookup())} at the end. Attempts may share the exchange, and
     * what is left of the last one is nobody's to end any more.
     */
    private static final class Attempt extends OfExchange {
        Attempt(MethodVisitor next) {
            super(next);
        }

        @Override
        public void visitCode() {
            super.visitCode();
            Label original = new Label();
            ofRequest("authority", ADDRESS);
            ofRequest("uri", "Ljava/net/URI;");
            ofRequest("method", "Ljava/lang/String;");
            ofRequest("proxy", ADDRESS);
            super.visitMethodInsn(
                    INVOKESTATIC,
                    HOOKS,
                    "attempt",
                    "(" + ADDRESS + "Ljava/net/URI;Ljava/lang/String;" + ADDRESS + ")Z",
                    false);
            super.visitJumpInsn(IFEQ, original);
            super.visitVarInsn(ALOAD, 0);
            super.visitInsn(ACONST_NULL);
            super.visitFieldInsn(PUTFIELD, EXCHANGE, "exchImpl", "L" + EXCHANGE_IMPL + ";");
            multi();
            ofRequest("authority", ADDRESS);
            multi();
            super.visitFieldInsn(GETFIELD, MULTI, "response", RESPONSE);
            super.visitMethodInsn(
                    INVOKESTATIC,
                    HOOKS,
                    "previousResponse",
                    "(" + ADDRESS + "Ljava/lang/Object;)Ljava/lang/Object;",
                    false);
            super.visitTypeInsn(CHECKCAST, "java/net/http/HttpResponse");
            super.visitFieldInsn(PUTFIELD, MULTI, "response", RESPONSE);
            startOfOriginal(mv, original);
        }

        private void multi() {
            super.visitVarInsn(ALOAD, 0);
            super.visitFieldInsn(GETFIELD, EXCHANGE, "multi", "L" + MULTI + ";");
        }

        @Override
        public void visitInsn(int opcode) {
            if (opcode == ARETURN) {
                ofRequest("authority", ADDRESS);
                super.visitVarInsn(ALOAD, 0);
                lookup(mv);
                super.visitMethodInsn(
                        INVOKESTATIC,
                        HOOKS,
                        "observe",
                        "(" + FUTURE + ADDRESS + "Ljava/lang/Object;" + LOOKUP + ")" + FUTURE,
                        false);
            }
            super.visitInsn(opcode);
        }
    }

    /** {@code return HttpClientHooks.connectTimeout(timeout, pin)}. */
    private static final class ConnectTimeout extends OfExchange {
        ConnectTimeout(MethodVisitor next) {
            super(next);
        }

        @Override
        public void visitInsn(int opcode) {
            if (opcode == ARETURN) {
                ofRequest("authority", ADDRESS);
                super.visitMethodInsn(
                        INVOKESTATIC, HOOKS, "connectTimeout", "(" + OPTIONAL + ADDRESS + ")" + OPTIONAL, false);
            }
            super.visitInsn(opcode);
        }
    }

    private abstract static class OfExchange extends MethodVisitor {
        OfExchange(MethodVisitor next) {
            super(ASM9, next);
        }

        final void ofRequest(String accessor, String type) {
            super.visitVarInsn(ALOAD, 0);
            ofRequestOf(mv, accessor, type);
        }
    }

    /** {@code exchange.request.accessor()} of the exchange on the stack. */
    private static void ofRequestOf(MethodVisitor method, String accessor, String type) {
        method.visitFieldInsn(GETFIELD, EXCHANGE, "request", "L" + REQUEST + ";");
        method.visitMethodInsn(INVOKEVIRTUAL, REQUEST, accessor, "()" + type, false);
    }

    private static void lookup(MethodVisitor method) {
        method.visitMethodInsn(INVOKESTATIC, "java/lang/invoke/MethodHandles", "lookup", "()" + LOOKUP, false);
    }

    /** {@code HttpClientHooks.timeout(timeout, pin)} instead of the request's {@code timeout}. */
    private static final class Timeout extends MethodVisitor {
        Timeout(MethodVisitor next) {
            super(ASM9, next);
        }

        @Override
        public void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean ofInterface) {
            super.visitMethodInsn(opcode, owner, name, descriptor, ofInterface);
            if (name.equals("timeout") && owner.equals(REQUEST)) {
                super.visitVarInsn(ALOAD, 1);
                super.visitFieldInsn(GETFIELD, MULTI, "exchange", "L" + EXCHANGE + ";");
                ofRequestOf(mv, "authority", ADDRESS);
                super.visitMethodInsn(INVOKESTATIC, HOOKS, "timeout", "(" + OPTIONAL + ADDRESS + ")" + OPTIONAL, false);
            }
        }
    }

    /** {@code if (connectTimerEvent != null) HttpClientHooks.connected(pin)} at the start. */
    private static final class Connected extends MethodVisitor {
        Connected(MethodVisitor next) {
            super(ASM9, next);
        }

        @Override
        public void visitCode() {
            super.visitCode();
            Label original = new Label();
            timer();
            super.visitJumpInsn(IFNULL, original);
            timer();
            super.visitFieldInsn(GETFIELD, CONNECT_TIMER, "exchange", "L" + EXCHANGE + ";");
            ofRequestOf(mv, "authority", ADDRESS);
            super.visitMethodInsn(INVOKESTATIC, HOOKS, "connected", "(" + ADDRESS + ")V", false);
            startOfOriginal(mv, original);
        }

        private void timer() {
            super.visitVarInsn(ALOAD, 0);
            super.visitFieldInsn(GETFIELD, PLAIN_CONNECTION, "connectTimerEvent", "L" + CONNECT_TIMER + ";");
        }
    }

    /** {@code if (HttpClientHooks.connectTimedOut(pin, cf, connection, exchange, lookup())) return;} at the start. */
    private static final class ConnectTimer extends MethodVisitor {
        ConnectTimer(MethodVisitor next) {
            super(ASM9, next);
        }

        @Override
        public void visitCode() {
            super.visitCode();
            Label original = new Label();
            field("exchange", "L" + EXCHANGE + ";");
            ofRequestOf(mv, "authority", ADDRESS);
            field("cf", FUTURE);
            field("this$0", "L" + PLAIN_CONNECTION + ";");
            field("exchange", "L" + EXCHANGE + ";");
            lookup(mv);
            super.visitMethodInsn(
                    INVOKESTATIC,
                    HOOKS,
                    "connectTimedOut",
                    "(" + ADDRESS + FUTURE + "Ljava/io/Closeable;Ljava/lang/Object;" + LOOKUP + ")Z",
                    false);
            super.visitJumpInsn(IFEQ, original);
            super.visitInsn(RETURN);
            startOfOriginal(mv, original);
        }

        private void field(String name, String type) {
            super.visitVarInsn(ALOAD, 0);
            super.visitFieldInsn(GETFIELD, CONNECT_TIMER, name, type);
        }
    }

    /**
     * {@code if (HttpClientHooks.goesAgain(pin, this.response, this.attempts)) { this.cancelTimer(); return
     * this.currentreq; }} at the start: as for a redirect, the client then drops the response and sends the request that it
     * is given.
     */
    private static final class Answer extends OfMulti {
        Answer(MethodVisitor next) {
            super(next);
        }

        @Override
        public void visitCode() {
            super.visitCode();
            Label original = new Label();
            pin();
            field("response", RESPONSE);
            field("attempts", COUNT);
            super.visitMethodInsn(
                    INVOKESTATIC, HOOKS, "goesAgain", "(" + ADDRESS + "Ljava/lang/Object;" + COUNT + ")Z", false);
            super.visitJumpInsn(IFEQ, original);
            super.visitVarInsn(ALOAD, 0);
            super.visitMethodInsn(INVOKESPECIAL, MULTI, "cancelTimer", "()V", false);
            field("currentreq", "L" + REQUEST + ";");
            super.visitInsn(ARETURN);
            startOfOriginal(mv, original);
        }
    }

    /**
     * Where the client decides whether to make another attempt (null says yes): ours first, for it knows of more that is
     * safe, then its own, which lands on another endpoint too. What it then gives up with is explained.
     */
    private static final class Retry extends OfMulti {
        Retry(MethodVisitor next) {
            super(next);
        }

        @Override
        public void visitCode() {
            super.visitCode();
            Label original = new Label();
            field("cancelled", "Z");
            super.visitJumpInsn(IFNE, original);
            pin();
            super.visitVarInsn(ALOAD, 1);
            field("attempts", COUNT);
            super.visitMethodInsn(INVOKESTATIC, HOOKS, "retry", "(" + ADDRESS + THROWABLE + COUNT + ")Z", false);
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
    }

    private abstract static class OfMulti extends MethodVisitor {
        OfMulti(MethodVisitor next) {
            super(ASM9, next);
        }

        final void pin() {
            field("currentreq", "L" + REQUEST + ";");
            super.visitMethodInsn(INVOKEVIRTUAL, REQUEST, "authority", "()" + ADDRESS, false);
        }

        final void field(String name, String type) {
            super.visitVarInsn(ALOAD, 0);
            super.visitFieldInsn(GETFIELD, MULTI, name, type);
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
