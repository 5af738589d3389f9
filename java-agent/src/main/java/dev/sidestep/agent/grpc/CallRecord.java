package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.GrpcTarget;
import io.grpc.CallOptions;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where one call was sent, for the message of its failure. Written by the threads of its attempts, so guarded by itself. */
final class CallRecord {
    static final CallOptions.Key<@Nullable CallRecord> KEY = CallOptions.Key.create("dev.sidestep.call");

    private final List<GrpcTarget.Endpoint> tried = new ArrayList<>(1);
    private @Nullable GrpcTarget target;
    private boolean lost;
    private Status last = Status.OK;
    private int grantedRetries;
    private boolean timed;

    synchronized void picked(GrpcTarget newTarget, GrpcTarget.Endpoint endpoint) {
        target = newTarget;
        tried.add(endpoint);
    }

    /** The endpoints that it was sent to. */
    synchronized List<GrpcTarget.Endpoint> tried() {
        return List.copyOf(tried);
    }

    /**
     * An attempt ended.
     *
     * @param withoutAWord whether nothing came from the server after something of it was sent
     */
    synchronized void ended(Status status, boolean withoutAWord) {
        last = status;
        lost = withoutAWord;
    }

    /** What the last attempt ended with. */
    synchronized Status last() {
        return last;
    }

    /**
     * Whether gRPC may make this attempt in place of one that failed.
     *
     * @param number how many failed before it, and what it is not told twice for
     */
    synchronized boolean mayRetry(GrpcTarget of, int number) {
        if (number > grantedRetries && !of.mayRetry(last.getCode().value(), lost, number, List.copyOf(tried))) {
            return false;
        }
        grantedRetries = Math.max(grantedRetries, number);
        return true;
    }

    /** Its deadline is the policy's, not the application's. */
    synchronized void timed() {
        timed = true;
    }

    /** What to tell of the call's failure with {@code status}; "" if it is no matter of ours. */
    synchronized String explanation(Status status) {
        GrpcTarget known = target;
        boolean late = timed && status.getCode() == Status.Code.DEADLINE_EXCEEDED;
        if ((!lost && !late) || known == null) {
            return "";
        }
        StringBuilder text = new StringBuilder(late ? "[DEADLINE: " : "[RESET_AFTER_SEND: ")
                .append(known.service())
                .append(", tried ");
        for (int i = 0; i < tried.size(); i++) {
            text.append(i == 0 ? "" : ", ").append(tried.get(i));
        }
        String service = known.service();
        return text.append("; see: sidestep why ")
                .append(service, 0, service.lastIndexOf(':') < 0 ? service.length() : service.lastIndexOf(':'))
                .append(']')
                .toString();
    }
}
