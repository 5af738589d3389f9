package dev.sidestep.control.drain;

/**
 * Another control plane of the same mesh.
 *
 * @param pod its pod's name, or its address if it has none
 * @param address an IPv4 or IPv6 literal, IPv6 without brackets
 * @param port where it serves xDS with TLS
 */
record Peer(String pod, String address, int port) {}
