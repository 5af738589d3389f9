package dev.sidestep.control.auth;

import dev.sidestep.concurrent.SerialExecutor;
import io.grpc.ServerCall;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What happens to a call before it is known who calls, and after. All of it is handed on as tasks of {@code owner}, so
 * that the order stays; before the handler asks for a request none comes, so that little can pile up.
 */
final class DeferredListener<Q> extends ServerCall.Listener<Q> {
    private final SerialExecutor owner;
    private final List<Consumer<ServerCall.Listener<Q>>> early = new ArrayList<>();
    private ServerCall.@Nullable Listener<Q> handler;
    private SerialExecutor.Cancellable end = () -> {};
    private boolean over;

    DeferredListener(SerialExecutor owner) {
        this.owner = owner;
    }

    /** From now on {@code listener} hears all, also what has happened before. On the owner. */
    void begin(ServerCall.Listener<Q> listener, SerialExecutor.Cancellable timer) {
        owner.checkCurrent();
        handler = listener;
        end = timer;
        early.forEach(event -> event.accept(listener));
        early.clear();
    }

    /** Whether the call has ended. On the owner. */
    boolean isOver() {
        owner.checkCurrent();
        return over;
    }

    private void handOn(Consumer<ServerCall.Listener<Q>> event) {
        owner.execute(() -> {
            if (handler == null) {
                early.add(event);
            } else {
                event.accept(handler);
            }
        });
    }

    private void handOnTheEnd(Consumer<ServerCall.Listener<Q>> event) {
        owner.execute(() -> {
            over = true;
            end.cancel();
            if (handler != null) {
                event.accept(handler);
            }
        });
    }

    @Override
    public void onMessage(Q message) {
        handOn(listener -> listener.onMessage(message));
    }

    @Override
    public void onReady() {
        handOn(ServerCall.Listener::onReady);
    }

    @Override
    public void onHalfClose() {
        handOn(ServerCall.Listener::onHalfClose);
    }

    @Override
    public void onCancel() {
        handOnTheEnd(ServerCall.Listener::onCancel);
    }

    @Override
    public void onComplete() {
        handOnTheEnd(ServerCall.Listener::onComplete);
    }
}
