package dev.sidestep.control.events;

import java.util.Optional;

/**
 * What an Event says of a pod.
 *
 * @param about who hears of it once only, however many pods it has: for example its workload
 * @param uid the pod's, if it is known
 * @param name the end of the Event's: the same from every replica, so that the first one makes it; empty: one of its own
 * @param warning whether it is one, or else just so
 * @param reason one word, as {@code kubectl describe} shows it
 */
public record Story(
        String about,
        String namespace,
        String pod,
        Optional<String> uid,
        Optional<String> name,
        boolean warning,
        String reason,
        String text) {}
