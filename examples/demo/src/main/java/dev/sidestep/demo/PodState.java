package dev.sidestep.demo;

/** How a backend is. */
enum PodState {
    STARTING,
    READY,
    KILLED,
    HUNG
}
