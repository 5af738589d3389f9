package dev.sidestep.agent.jdk;

import static java.util.Objects.requireNonNull;

import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Takes the place of {@code sun.misc.Unsafe} in the libraries that we bring (protobuf cannot do without one); the build
 * renames their references. The real one makes Java 24 and later print a warning of four lines to the application's
 * stderr at its first use, about a choice that is not the application's.
 *
 * <p>Has the methods those libraries call, by the names they call them, and nothing else; a test compares.
 */
public final class Unsafe {
    @SuppressWarnings("UnusedVariable") // Found by reflection, by the name that it has in sun.misc.
    private static final Unsafe theUnsafe = new Unsafe();

    private static final jdk.internal.misc.Unsafe JDK = jdk.internal.misc.Unsafe.getUnsafe();

    private Unsafe() {}

    public static Unsafe getUnsafe() {
        return theUnsafe;
    }

    public long objectFieldOffset(Field field) {
        return JDK.objectFieldOffset(field);
    }

    public long staticFieldOffset(Field field) {
        return JDK.staticFieldOffset(field);
    }

    public Object staticFieldBase(Field field) {
        return JDK.staticFieldBase(field);
    }

    /** By reflection: it returns a long from Java 24 on, and an int before. */
    public int arrayBaseOffset(Class<?> type) {
        try {
            Number offset = (Number) requireNonNull(jdk.internal.misc.Unsafe.class
                    .getMethod("arrayBaseOffset", Class.class)
                    .invoke(JDK, type));
            return offset.intValue();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    public void invokeCleaner(ByteBuffer buffer) {
        JDK.invokeCleaner(buffer);
    }

    public int arrayIndexScale(Class<?> type) {
        return JDK.arrayIndexScale(type);
    }

    public int addressSize() {
        return JDK.addressSize();
    }

    public Object allocateInstance(Class<?> type) throws InstantiationException {
        return JDK.allocateInstance(type);
    }

    public long allocateMemory(long bytes) {
        return JDK.allocateMemory(bytes);
    }

    public long reallocateMemory(long address, long bytes) {
        return JDK.reallocateMemory(address, bytes);
    }

    public void freeMemory(long address) {
        JDK.freeMemory(address);
    }

    public void setMemory(long address, long bytes, byte value) {
        JDK.setMemory(address, bytes, value);
    }

    public void setMemory(@Nullable Object base, long offset, long bytes, byte value) {
        JDK.setMemory(base, offset, bytes, value);
    }

    public void copyMemory(long source, long target, long bytes) {
        JDK.copyMemory(source, target, bytes);
    }

    public void copyMemory(
            @Nullable Object source, long sourceOffset, @Nullable Object target, long targetOffset, long bytes) {
        JDK.copyMemory(source, sourceOffset, target, targetOffset, bytes);
    }

    public void storeFence() {
        JDK.storeFence();
    }

    public @Nullable Object getObject(@Nullable Object base, long offset) {
        return JDK.getReference(base, offset);
    }

    public void putObject(@Nullable Object base, long offset, @Nullable Object value) {
        JDK.putReference(base, offset, value);
    }

    public @Nullable Object getObjectVolatile(@Nullable Object base, long offset) {
        return JDK.getReferenceVolatile(base, offset);
    }

    public void putOrderedObject(@Nullable Object base, long offset, @Nullable Object value) {
        JDK.putReferenceRelease(base, offset, value);
    }

    public boolean compareAndSwapObject(
            @Nullable Object base, long offset, @Nullable Object expected, @Nullable Object value) {
        return JDK.compareAndSetReference(base, offset, expected, value);
    }

    public boolean compareAndSwapInt(@Nullable Object base, long offset, int expected, int value) {
        return JDK.compareAndSetInt(base, offset, expected, value);
    }

    public boolean compareAndSwapLong(@Nullable Object base, long offset, long expected, long value) {
        return JDK.compareAndSetLong(base, offset, expected, value);
    }

    public int getAndAddInt(@Nullable Object base, long offset, int delta) {
        return JDK.getAndAddInt(base, offset, delta);
    }

    public int getIntVolatile(@Nullable Object base, long offset) {
        return JDK.getIntVolatile(base, offset);
    }

    public long getLongVolatile(@Nullable Object base, long offset) {
        return JDK.getLongVolatile(base, offset);
    }

    public void putOrderedInt(@Nullable Object base, long offset, int value) {
        JDK.putIntRelease(base, offset, value);
    }

    public void putOrderedLong(@Nullable Object base, long offset, long value) {
        JDK.putLongRelease(base, offset, value);
    }

    public int getInt(@Nullable Object base, long offset) {
        return JDK.getInt(base, offset);
    }

    public void putInt(@Nullable Object base, long offset, int value) {
        JDK.putInt(base, offset, value);
    }

    public long getLong(@Nullable Object base, long offset) {
        return JDK.getLong(base, offset);
    }

    public void putLong(@Nullable Object base, long offset, long value) {
        JDK.putLong(base, offset, value);
    }

    public byte getByte(@Nullable Object base, long offset) {
        return JDK.getByte(base, offset);
    }

    public void putByte(@Nullable Object base, long offset, byte value) {
        JDK.putByte(base, offset, value);
    }

    public short getShort(@Nullable Object base, long offset) {
        return JDK.getShort(base, offset);
    }

    public void putShort(@Nullable Object base, long offset, short value) {
        JDK.putShort(base, offset, value);
    }

    public char getChar(@Nullable Object base, long offset) {
        return JDK.getChar(base, offset);
    }

    public void putChar(@Nullable Object base, long offset, char value) {
        JDK.putChar(base, offset, value);
    }

    public boolean getBoolean(@Nullable Object base, long offset) {
        return JDK.getBoolean(base, offset);
    }

    public void putBoolean(@Nullable Object base, long offset, boolean value) {
        JDK.putBoolean(base, offset, value);
    }

    public float getFloat(@Nullable Object base, long offset) {
        return JDK.getFloat(base, offset);
    }

    public void putFloat(@Nullable Object base, long offset, float value) {
        JDK.putFloat(base, offset, value);
    }

    public double getDouble(@Nullable Object base, long offset) {
        return JDK.getDouble(base, offset);
    }

    public void putDouble(@Nullable Object base, long offset, double value) {
        JDK.putDouble(base, offset, value);
    }

    public int getInt(long address) {
        return JDK.getInt(address);
    }

    public void putInt(long address, int value) {
        JDK.putInt(address, value);
    }

    public long getLong(long address) {
        return JDK.getLong(address);
    }

    public void putLong(long address, long value) {
        JDK.putLong(address, value);
    }

    public byte getByte(long address) {
        return JDK.getByte(address);
    }

    public void putByte(long address, byte value) {
        JDK.putByte(address, value);
    }

    public short getShort(long address) {
        return JDK.getShort(address);
    }

    public void putShort(long address, short value) {
        JDK.putShort(address, value);
    }
}
