package dev.sidestep.sidecar.bypass;

import java.net.InetSocketAddress;

/**
 * One TCP socket of this network namespace, whichever process has it.
 *
 * @param local its own address
 * @param remote the other side's; port 0 if it listens
 * @param state what it is in, by the numbers of {@code tcp_states.h}
 * @param uid who owns it
 */
record Socket(InetSocketAddress local, InetSocketAddress remote, int state, int uid) {
    private static final int ESTABLISHED = 1;
    private static final int TIME_WAIT = 6;
    private static final int LISTEN = 10;

    boolean isEstablished() {
        return state == ESTABLISHED;
    }

    /** Whether both sides have closed it; of a busy pod's sockets these may be the most. */
    boolean isOver() {
        return state == TIME_WAIT;
    }

    boolean isListening() {
        return state == LISTEN;
    }
}
