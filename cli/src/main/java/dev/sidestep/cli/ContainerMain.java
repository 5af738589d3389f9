package dev.sidestep.cli;

/** {@code sidestep} in its image. A class of its own: the other main would need every tool's classes. */
public final class ContainerMain {
    private ContainerMain() {}

    public static void main(String[] args) {
        System.exit(Main.inContainer().execute(args));
    }
}
