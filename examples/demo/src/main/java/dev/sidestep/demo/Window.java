package dev.sidestep.demo;

import java.util.List;

/**
 * A stretch of time in which a client's requests should have been even.
 *
 * @param pods those that should have had them
 */
record Window(String name, String client, long fromMicros, long toMicros, List<String> pods) {
    boolean holds(Call call) {
        return call.client().equals(client) && call.startMicros() >= fromMicros && call.startMicros() < toMicros;
    }
}
