package dev.sidestep.sidecar;

import dev.sidestep.xds.proto.v1.DrainedResponse;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;

/** One question to a control plane whether our pod may end, as gRPC tells of it; on the owner. */
final class DrainedCall extends ClientCall.Listener<DrainedResponse> {
    private final PodEnd.Listener listener;
    private boolean over;

    DrainedCall(PodEnd.Listener listener) {
        this.listener = listener;
    }

    @Override
    public void onMessage(DrainedResponse message) {
        if (message.getOver()) {
            over = true;
            listener.onOver(message.getText());
        } else {
            listener.onBegun();
        }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
        if (!over) {
            String reason = status.getCode() + (status.getDescription() == null ? "" : ": " + status.getDescription());
            listener.onLost(refused(status.getCode()), reason);
        }
    }

    /** Whether it is about us, or a control plane that knows nothing of it, rather than about the way there. */
    private static boolean refused(Status.Code code) {
        return switch (code) {
            case PERMISSION_DENIED, UNAUTHENTICATED, INVALID_ARGUMENT, UNIMPLEMENTED -> true;
            default -> false;
        };
    }
}
