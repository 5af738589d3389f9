package dev.sidestep.model;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * How calls to one Service port are made: what its annotations ({@code sidestep.dev/…}, the Service's before its
 * namespace's) and its spec say.
 *
 * @param mode the destination's mode
 * @param protocol what the port is declared to speak
 * @param balancer how an endpoint is picked
 * @param ejection when an endpoint is left alone; empty: never
 * @param retry which failed attempts are made again
 * @param connectTimeout how long a connection may take to stand
 * @param requestTimeout how long a call may take, retries included; empty: as long as the caller waits
 * @param backendRequestTimeout how long one attempt may take from its request's first byte to its response's last; empty:
 *     as long as the call
 * @param localOnly {@code internalTrafficPolicy: Local}
 * @param affinityTimeout {@code sessionAffinity: ClientIP} and its timeout; empty: none
 */
public record TrafficPolicy(
        Mode mode,
        Protocol protocol,
        Balancer balancer,
        Optional<Ejection> ejection,
        Retry retry,
        Duration connectTimeout,
        Optional<Duration> requestTimeout,
        Optional<Duration> backendRequestTimeout,
        boolean localOnly,
        Optional<Duration> affinityTimeout) {

    /** What holds where nothing is said. */
    public static final TrafficPolicy DEFAULT = new TrafficPolicy(
            Mode.BALANCE,
            Protocol.UNDECLARED,
            Balancer.ROUND_ROBIN,
            Optional.of(Ejection.DEFAULT),
            Retry.DEFAULT,
            Duration.ofSeconds(1),
            Optional.empty(),
            Optional.empty(),
            false,
            Optional.empty());

    /** {@code sidestep.dev/balancer}. */
    public enum Balancer {
        ROUND_ROBIN,
        LEAST_REQUEST,
        PEAK_EWMA,
        RANDOM,
        MAGLEV
    }

    /**
     * {@code sidestep.dev/ejection}.
     *
     * @param failures failures in a row that eject, at least 1
     * @param base the first ejection's length
     * @param max the longest ejection
     * @param maxPercent the share of a cluster's endpoints that may be ejected at once, 0 to 100
     */
    public record Ejection(int failures, Duration base, Duration max, int maxPercent) {
        public static final Ejection DEFAULT = new Ejection(5, Duration.ofSeconds(1), Duration.ofSeconds(60), 50);

        public Ejection {
            if (failures < 1) {
                throw new IllegalArgumentException("failures: " + failures + " (expected: >= 1)");
            }
            if (maxPercent < 0 || maxPercent > 100) {
                throw new IllegalArgumentException("max-percent: " + maxPercent + " (expected: 0 to 100)");
            }
        }
    }

    /**
     * {@code sidestep.dev/retry-on}, {@code …/retry-attempts}, {@code …/retry-budget}.
     *
     * @param on what is tried again; empty: nothing
     * @param attempts how often a call is tried again at most, at least 0
     * @param budgetPercent retries allowed per 100 calls, 0 to 100, besides the ten per second that are always allowed
     */
    public record Retry(Set<On> on, int attempts, int budgetPercent) {
        public static final Retry DEFAULT = new Retry(Set.of(On.SAFE), 2, 20);

        public Retry {
            on = Set.copyOf(on);
            if (attempts < 0) {
                throw new IllegalArgumentException("retry-attempts: " + attempts + " (expected: >= 0)");
            }
            if (budgetPercent < 0 || budgetPercent > 100) {
                throw new IllegalArgumentException("retry-budget: " + budgetPercent + " (expected: 0 to 100)");
            }
        }

        /**
         * Whether an attempt is made again that came to nothing before the first byte of its response.
         *
         * @param unprocessed whether the server has provably not seen the request
         * @param idempotent whether the method is GET, HEAD or OPTIONS
         */
        public boolean onLoss(boolean unprocessed, boolean idempotent) {
            return on.contains(On.SERVER_ERROR)
                    || on.contains(On.GATEWAY_ERROR)
                    || (on.contains(On.SAFE) && (unprocessed || idempotent));
        }

        /**
         * Whether an attempt is made again that was answered so.
         *
         * @param httpStatus the response's status
         * @param grpcStatus the status of a gRPC response that is nothing but trailers; -1 for any other response
         */
        public boolean onAnswer(int httpStatus, int grpcStatus) {
            if (httpStatus >= 500 && httpStatus < 600 && on.contains(On.SERVER_ERROR)) {
                return true;
            }
            return switch (httpStatus) {
                case 502, 503, 504 -> on.contains(On.GATEWAY_ERROR);
                default -> grpcStatus > 0 && onGrpcStatus(grpcStatus);
            };
        }

        private boolean onGrpcStatus(int status) {
            return switch (status) {
                case 1 -> on.contains(On.GRPC_CANCELLED);
                case 4 -> on.contains(On.GRPC_DEADLINE_EXCEEDED);
                case 8 -> on.contains(On.GRPC_RESOURCE_EXHAUSTED);
                case 13 -> on.contains(On.GRPC_INTERNAL);
                case 14 -> on.contains(On.GRPC_UNAVAILABLE);
                default -> false;
            };
        }

        /** Whether {@link #onAnswer} can be true, so that requests are worth keeping until theirs is there. */
        public boolean onAnswers() {
            return on.size() > (on.contains(On.SAFE) ? 1 : 0);
        }

        /**
         * One word of {@code sidestep.dev/retry-on}. All but {@link #SAFE} mean what they mean in Envoy's {@code retry_on}: an
         * explicit word is for every method, and who writes it says that a request may be made twice.
         */
        public enum On {
            /** Provably unprocessed: any method. Lost before the first response byte: GET, HEAD and OPTIONS. */
            SAFE,
            /** Any status of 500 or above, and no answer at all. */
            SERVER_ERROR,
            /** 502, 503, 504, and no answer at all. */
            GATEWAY_ERROR,
            GRPC_UNAVAILABLE,
            GRPC_CANCELLED,
            GRPC_DEADLINE_EXCEEDED,
            GRPC_INTERNAL,
            GRPC_RESOURCE_EXHAUSTED
        }
    }
}
