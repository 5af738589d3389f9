package dev.sidestep.cli.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Namespaces of our own, for a program of the build machine that runs others inside a root file system: no network but
 * loopback, so that every port is free; {@code /proc} and {@code /dev} as in a container; nothing outlives it. As root, or
 * as a user who may make namespaces.
 */
final class Sandbox {
    private static final String FIX =
            "build as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)";

    /** $1 the root file system, $2 its /tmp, $3 rw or ro, $4 a busybox, then the program. */
    private static final String SCRIPT = """
            set -e
            root=$1 tmp=$2 mode=$3 busybox=$4
            shift 4
            mount --bind "$root" "$root"
            mount -t proc proc /proc
            mount --bind /proc "$root/proc"
            mount --rbind /dev "$root/dev"
            mount --bind "$tmp" "$root/tmp"
            if [ "$mode" = ro ]; then
              mount -o remount,bind,ro "$root/tmp"
              mount -o remount,bind,ro "$root"
            fi
            "$busybox" ip link set lo up
            exec "$@"
            """;

    private final RootFs root;
    private final Path tmp;
    private final Path busybox;

    /**
     * Around {@code root}.
     *
     * @param tmp the folder that is {@code /tmp} inside; anyone may write there
     * @param busybox one that runs on this machine
     */
    Sandbox(RootFs root, Path tmp, Path busybox) {
        this.root = root;
        this.tmp = tmp;
        this.busybox = busybox;
    }

    /** The command that runs {@code program} in the root file system, as the image's user where this one may be another. */
    List<String> inside(List<String> program) throws IOException {
        List<String> command = new ArrayList<>(List.of("chroot"));
        if (isRoot()) {
            command.add("--userspec=" + Recipe.USER);
        }
        command.add(root.folder().toString());
        command.addAll(program);
        return command;
    }

    /** What {@code program}, of this machine, printed; {@code readOnly} is how it looks from inside, {@code /tmp} too. */
    String run(boolean readOnly, Duration limit, Map<String, String> environment, List<String> program)
            throws ImageException, IOException {
        List<String> command = new ArrayList<>(List.of("unshare"));
        if (!isRoot()) {
            command.addAll(List.of("--user", "--map-root-user"));
        }
        command.addAll(List.of("--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", SCRIPT, "sandbox"));
        command.addAll(List.of(root.folder().toString(), tmp.toString(), readOnly ? "ro" : "rw", busybox.toString()));
        command.addAll(program);
        return Program.run(Path.of("/"), environment, limit, FIX, command);
    }

    private static boolean isRoot() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    }
}
