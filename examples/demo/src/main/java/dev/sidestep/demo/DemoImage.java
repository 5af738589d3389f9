package dev.sidestep.demo;

/**
 * What the demo's pods run.
 *
 * @param name as nodes pull it
 * @param pullPolicy as in a pod
 */
public record DemoImage(String name, String pullPolicy) {}
