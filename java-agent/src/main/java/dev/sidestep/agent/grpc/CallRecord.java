package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.GrpcTarget;
import io.grpc.CallOptions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where one call was sent, for the message of its failure. Written by the threads of its attempts, so guarded by itself. */
final class CallRecord {
    static final CallOptions.Key<@Nullable CallRecord> KEY = CallOptions.Key.create("dev.sidestep.call");

    private final List<GrpcTarget.Endpoint> tried = new ArrayList<>(1);
    private @Nullable GrpcTarget target;
    private boolean lost;

    synchronized void picked(GrpcTarget newTarget, GrpcTarget.Endpoint endpoint) {
        target = newTarget;
        tried.add(endpoint);
    }

    /** The attempt under way ended without a word from the server, after something of it was sent. */
    synchronized void lost(boolean now) {
        lost = now;
    }

    /** What to tell of the call's failure; "" if it is no matter of ours. */
    synchronized String explanation() {
        GrpcTarget known = target;
        if (!lost || known == null) {
            return "";
        }
        StringBuilder text =
                new StringBuilder("[RESET_AFTER_SEND: ").append(known.service()).append(", tried ");
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
