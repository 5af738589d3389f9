package dev.sidestep.sidecar.http2;

import dev.sidestep.balancing.Outcome;
import io.netty.handler.codec.http2.Http2Headers;
import org.jspecify.annotations.Nullable;

/** What the status of a finished call says about the endpoint that gave it. */
final class GrpcStatus {
    private GrpcStatus() {}

    /**
     * The outcome that {@code grpc-status} in {@code last}, a response's trailers or its only head, stands for. The
     * server's fault are
     *
     * <ul>
     *   <li>UNKNOWN (2): an exception that the application let escape, as HTTP 500 is;
     *   <li>DEADLINE_EXCEEDED (4): the server's own word for 504. Callers with too short deadlines hit all endpoints
     *       alike, and a failure that most share ejects none;
     *   <li>INTERNAL (13), UNAVAILABLE (14), DATA_LOSS (15).
     * </ul>
     *
     * The rest is the caller's (as 4xx are), or says how things are rather than that something broke:
     * RESOURCE_EXHAUSTED is 429, UNIMPLEMENTED a wrong method or a rollout under way, PERMISSION_DENIED and
     * UNAUTHENTICATED credentials, ABORTED and FAILED_PRECONDITION state, CANCELLED the caller. Linkerd counts the same and
     * PERMISSION_DENIED, Envoy the same and UNIMPLEMENTED.
     */
    static Outcome outcome(Http2Headers last) {
        CharSequence status = last.get(Reply.GRPC_STATUS);
        return status == null ? Outcome.SERVER_ERROR : outcome(number(status)); // A gRPC response must say.
    }

    /** The gRPC status that {@code only}, a response's only head, tells; -1 if it tells none. */
    static int of(Http2Headers only) {
        CharSequence status = only.get(Reply.GRPC_STATUS);
        return status == null ? -1 : number(status);
    }

    private static Outcome outcome(int status) {
        return switch (status) {
            case 2, 4, 13, 14, 15 -> Outcome.SERVER_ERROR;
            default -> Outcome.SUCCESS;
        };
    }

    /** The value of {@code digits}, one to three of them; anything else is read as UNKNOWN, as gRPC's libraries do. */
    static int number(@Nullable CharSequence digits) {
        if (digits == null || digits.length() == 0 || digits.length() > 3) {
            return 2;
        }
        int value = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 2;
            }
            value = value * 10 + digit;
        }
        return value;
    }
}
