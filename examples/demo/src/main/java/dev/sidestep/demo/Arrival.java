package dev.sidestep.demo;

/**
 * A request as the pod saw it that it came to.
 *
 * @param attempt 1, or what {@code x-sidestep-attempt} said: then an earlier attempt failed elsewhere
 * @param viaVip whether the forwarder carried it
 * @param held whether the pod was told to hang
 */
record Arrival(String pod, long micros, boolean http, String client, int attempt, boolean viaVip, boolean held) {}
