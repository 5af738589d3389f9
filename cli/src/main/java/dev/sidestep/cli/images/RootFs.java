package dev.sidestep.cli.images;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/**
 * A root file system in the making: a folder that grows, and the layers that it grew by. Paths in it are those that a
 * process inside would use, and symbolic links are followed as for that process: never out of the folder. For one thread.
 */
final class RootFs {
    /** Of every file in every layer, so that the same content gives the same digest. */
    static final FileTime TIME = FileTime.from(Instant.parse("2026-11-23T00:00:00Z"));

    private static final int MAX_LINKS = 40; // As Linux has it.
    private static final String WHITEOUT = ".wh.";
    private static final String OPAQUE = ".wh..wh..opq";

    private final Path root;
    private Map<String, Seen> committed = Map.of();

    /** In {@code root}, an empty folder or one that does not exist yet. */
    RootFs(Path root) throws IOException {
        this.root = Files.createDirectories(root).toRealPath();
    }

    /** How a file was when it was last looked at. */
    private record Seen(Object inode, long size, FileTime modified, Set<PosixFilePermission> mode) {}

    Path folder() {
        return root;
    }

    /** Where the file at {@code path} is on this machine: links are followed except for the last part of the path. */
    Path at(String path) throws IOException {
        Path asked = Path.of("/").resolve(path).normalize();
        Path name = asked.getFileName();
        return name == null ? root : directory(above(asked)).resolve(name.toString());
    }

    boolean has(String path) throws IOException {
        return Files.exists(at(path), LinkOption.NOFOLLOW_LINKS);
    }

    private Path directory(Path path) throws IOException {
        Deque<String> parts = new ArrayDeque<>();
        path.forEach(part -> parts.add(part.toString()));
        Path here = root;
        int links = 0;
        while (!parts.isEmpty()) {
            String part = parts.remove();
            if (part.isEmpty() || part.equals(".")) {
                continue;
            }
            if (part.equals("..")) {
                here = here.equals(root) ? root : above(here);
                continue;
            }
            Path next = here.resolve(part);
            if (!Files.isSymbolicLink(next)) {
                here = next;
                continue;
            }
            links++;
            if (links > MAX_LINKS) {
                throw new IOException(path + ": too many symbolic links");
            }
            Path target = Files.readSymbolicLink(next);
            if (target.isAbsolute()) {
                here = root;
            }
            Deque<String> before = new ArrayDeque<>();
            target.forEach(each -> before.add(each.toString()));
            while (!before.isEmpty()) {
                parts.addFirst(before.removeLast());
            }
        }
        return here;
    }

    private static Path above(Path path) {
        Path parent = path.getParent();
        return parent == null ? path : parent;
    }

    /** A folder with mode 0755 where there is none, and those above it. */
    Path makeDirectory(String path) throws IOException {
        Path folder = directory(Path.of("/").resolve(path));
        if (!Files.isDirectory(folder)) {
            Deque<Path> missing = new ArrayDeque<>();
            for (Path each = folder; !Files.isDirectory(each); each = above(each)) {
                missing.push(each);
            }
            for (Path each : missing) {
                Files.createDirectory(each);
                Files.setPosixFilePermissions(each, mode(0755));
            }
        }
        return folder;
    }

    /** A copy of {@code source}, instead of what was there. */
    void copy(Path source, String path, int mode) throws IOException {
        try (InputStream in = Files.newInputStream(source)) {
            write(in, path, mode);
        }
    }

    void write(InputStream content, String path, int mode) throws IOException {
        Path target = free(path);
        Files.copy(content, target);
        Files.setPosixFilePermissions(target, mode(mode));
    }

    void link(String path, String target) throws IOException {
        Files.createSymbolicLink(free(path), Path.of(target));
    }

    void delete(String path) throws IOException {
        deleteTree(at(path));
    }

    /** Its place, with nothing there and all folders above it. */
    private Path free(String path) throws IOException {
        Path target = at(path);
        makeDirectory("/" + root.relativize(above(target)));
        if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(path + ": a folder is in the way");
        }
        Files.deleteIfExists(target);
        return target;
    }

    /** Everything below {@code source}, but for devices, sockets and pipes. */
    void copyTree(Path source, String path) throws IOException {
        Files.walkFileTree(source, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                Path made = makeDirectory(inside(folder));
                Files.setPosixFilePermissions(made, Files.getPosixFilePermissions(folder));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (attributes.isSymbolicLink()) {
                    link(inside(file), Files.readSymbolicLink(file).toString());
                } else if (attributes.isRegularFile()) {
                    Path target = free(inside(file));
                    Files.copy(file, target);
                    Files.setPosixFilePermissions(target, Files.getPosixFilePermissions(file));
                }
                return FileVisitResult.CONTINUE;
            }

            private String inside(Path file) {
                return path + "/" + source.relativize(file);
            }
        });
    }

    /**
     * Unpacks a tar as a container engine does: a folder keeps a link of that name that leads to one (as {@code /lib} where
     * it is {@code /usr/lib}), and whiteouts take away what an earlier layer had. Owners and devices are left out.
     */
    void unpack(InputStream tar) throws IOException {
        unpack(tar, path -> true);
    }

    /** As {@link #unpack(InputStream)}, only files whose path, without a slash before it, is {@code wanted}. */
    void unpack(InputStream tar, Predicate<String> wanted) throws IOException {
        var in = new TarArchiveInputStream(new BufferedInputStream(tar));
        Set<Path> ours = new HashSet<>();
        for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
            Path path = Path.of("/" + entry.getName()).normalize();
            Path name = path.getFileName();
            if (name == null || !wanted.test(path.toString().substring(1))) {
                continue;
            }
            String text = path.toString();
            if (name.toString().equals(OPAQUE)) {
                keepOnly(directory(above(path)), ours);
            } else if (name.toString().startsWith(WHITEOUT)) {
                deleteTree(at(path.resolveSibling(name.toString().substring(WHITEOUT.length()))
                        .toString()));
            } else if (entry.isDirectory()) {
                unpackDirectory(text, entry.getMode());
            } else if (entry.isSymbolicLink()) {
                replaceable(text);
                link(text, entry.getLinkName());
            } else if (entry.isLink()) {
                Path target = at(entry.getLinkName());
                replaceable(text);
                Files.createLink(free(text), target);
            } else if (entry.isFile()) {
                replaceable(text);
                write(in, text, entry.getMode());
            }
            ours.add(at(text));
        }
    }

    private void unpackDirectory(String path, int mode) throws IOException {
        Path there = directory(Path.of(path));
        if (Files.isDirectory(there)) {
            Files.setPosixFilePermissions(there, mode(mode));
            return;
        }
        deleteTree(at(path));
        Files.setPosixFilePermissions(makeDirectory(path), mode(mode));
    }

    private void replaceable(String path) throws IOException {
        Path there = at(path);
        if (Files.isDirectory(there, LinkOption.NOFOLLOW_LINKS)) {
            deleteTree(there);
        }
    }

    private static void keepOnly(Path folder, Set<Path> kept) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (var children = Files.list(folder)) {
            for (Path child : children.toList()) {
                if (!kept.contains(child)) {
                    deleteTree(child);
                }
            }
        }
    }

    /** Everything so far counts as there already: the next layer holds what comes after it. */
    void settle() throws IOException {
        for (String each : snapshot().keySet()) {
            Path file = root.resolve(each);
            if (!Files.isSymbolicLink(file)) {
                Files.setLastModifiedTime(file, TIME);
            }
        }
        committed = snapshot();
    }

    /**
     * Writes what is new or changed since the last layer into {@code tar}.
     *
     * @throws IOException also if something of an earlier layer is gone: a layer of ours only adds
     */
    Layer commit(String title, Path tar) throws IOException {
        Map<String, Seen> now = snapshot();
        for (String path : committed.keySet()) {
            if (!now.containsKey(path)) {
                throw new IOException("/" + path + ": gone since the layer before; a layer can only add");
            }
        }
        Set<String> paths = new TreeSet<>();
        now.forEach((path, seen) -> {
            Seen before = committed.get(path);
            boolean folder = Files.isDirectory(root.resolve(path), LinkOption.NOFOLLOW_LINKS);
            boolean same = before != null && (folder ? seen.mode.equals(before.mode) : seen.equals(before));
            if (!same) {
                for (Path each = Path.of(path); each != null; each = each.getParent()) {
                    paths.add(each.toString()); // With the folders above it, as they are.
                }
            }
        });
        settle();
        MessageDigest digest = Digests.sha256();
        try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(tar), 1 << 16);
                var out = new TarArchiveOutputStream(new DigestOutputStream(file, digest), "UTF-8")) {
            out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            out.setAddPaxHeadersForNonAsciiNames(true);
            for (String path : paths) {
                write(out, path);
            }
        }
        return new Layer(title, tar, "sha256:" + Digests.hex(digest));
    }

    private void write(TarArchiveOutputStream out, String path) throws IOException {
        Path file = root.resolve(path);
        var attributes = Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        TarArchiveEntry entry;
        if (attributes.isSymbolicLink()) {
            entry = new TarArchiveEntry(path, TarConstants.LF_SYMLINK);
            entry.setLinkName(Files.readSymbolicLink(file).toString());
            entry.setMode(0777);
        } else {
            entry = new TarArchiveEntry(attributes.isDirectory() ? path + "/" : path);
            entry.setSize(attributes.isDirectory() ? 0 : attributes.size());
            entry.setMode(bits(attributes.permissions()) | (isSticky(path) ? 01000 : 0));
        }
        entry.setIds(0, 0);
        entry.setNames("", "");
        entry.setModTime(TIME);
        out.putArchiveEntry(entry);
        if (attributes.isRegularFile()) {
            Files.copy(file, out);
        }
        out.closeArchiveEntry();
    }

    /** Java does not see the bit; these are the folders that have it. */
    private static boolean isSticky(String path) {
        return path.equals("tmp") || path.equals("var/tmp");
    }

    private Map<String, Seen> snapshot() throws IOException {
        Map<String, Seen> found = new TreeMap<>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                if (!folder.equals(root)) {
                    add(folder);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                add(file);
                return FileVisitResult.CONTINUE;
            }

            private void add(Path file) throws IOException {
                var attributes = Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                Object inode = attributes.fileKey();
                found.put(
                        root.relativize(file).toString(),
                        new Seen(
                                inode == null ? file : inode,
                                attributes.isDirectory() ? 0 : attributes.size(),
                                attributes.lastModifiedTime(),
                                attributes.permissions()));
            }
        });
        return found;
    }

    /** Takes away {@code path} with all below it, if it is there; links are not followed. */
    static void deleteTree(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failed) throws IOException {
                Files.delete(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static Set<PosixFilePermission> mode(int bits) {
        var text = new StringBuilder("rwxrwxrwx");
        for (int i = 0; i < text.length(); i++) {
            if ((bits >> (8 - i) & 1) == 0) {
                text.setCharAt(i, '-');
            }
        }
        return PosixFilePermissions.fromString(text.toString());
    }

    private static int bits(Set<PosixFilePermission> mode) {
        int bits = 0;
        for (char each : PosixFilePermissions.toString(mode).toCharArray()) {
            bits = bits << 1 | (each == '-' ? 0 : 1);
        }
        return bits;
    }
}
