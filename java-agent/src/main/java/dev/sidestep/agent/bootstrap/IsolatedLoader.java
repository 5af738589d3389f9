package dev.sidestep.agent.bootstrap;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.util.Collections;
import java.util.Enumeration;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * Loads the agent proper and its libraries from below {@code inst/} of the agent's own jar: there the application's
 * loaders cannot see them, and nothing is unpacked, so a read-only file system will do. Its parent is the platform loader,
 * so it sees nothing of the application either.
 */
final class IsolatedLoader extends ClassLoader {
    private static final String PREFIX = "inst/";

    static {
        registerAsParallelCapable();
    }

    private final ZipFile jar;
    private final String root;
    private final String version;

    /** Keeps {@code file} open as long as the JVM runs. */
    IsolatedLoader(File file, String version, ClassLoader parent) throws IOException {
        super(parent);
        this.version = version;
        jar = new ZipFile(file);
        root = "jar:" + file.toURI() + "!/" + PREFIX;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        ZipEntry entry = jar.getEntry(PREFIX + name.replace('.', '/') + ".class");
        if (entry == null) {
            throw new ClassNotFoundException(name);
        }
        try {
            byte[] code = read(entry);
            definePackageOf(name);
            return defineClass(name, code, 0, code.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }

    private void definePackageOf(String className) {
        int dot = className.lastIndexOf('.');
        String name = dot < 0 ? "" : className.substring(0, dot);
        if (getPackage(name) == null) {
            try {
                definePackage(name, null, null, null, null, version, null, null);
            } catch (IllegalArgumentException e) {
                return; // Another thread was first.
            }
        }
    }

    private byte[] read(ZipEntry entry) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream((int) entry.getSize());
        byte[] buffer = new byte[8192];
        try (InputStream in = jar.getInputStream(entry)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                bytes.write(buffer, 0, count);
            }
        }
        return bytes.toByteArray();
    }

    @Override
    protected @Nullable URL findResource(String name) {
        if (jar.getEntry(PREFIX + name) == null) {
            return null;
        }
        try {
            return new URL(root + name);
        } catch (MalformedURLException e) {
            return null;
        }
    }

    @Override
    protected Enumeration<URL> findResources(String name) {
        URL found = findResource(name);
        return found == null
                ? Collections.<URL>emptyEnumeration()
                : Collections.enumeration(Collections.singleton(found));
    }
}
