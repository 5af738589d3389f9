package dev.sidestep.demo;

import java.util.List;

/**
 * A stretch of time in which a client's requests should have been even.
 *
 * @param placement how the client is shown
 * @param pods those that should have had them
 */
record Window(String name, String client, String placement, long fromMicros, long toMicros, List<String> pods) {
    /** The same, but later. */
    Window from(long micros) {
        return new Window(name, client, placement, micros, toMicros, pods);
    }

    boolean holds(Call call) {
        return call.client().equals(client) && call.startMicros() >= fromMicros && call.startMicros() < toMicros;
    }
}
