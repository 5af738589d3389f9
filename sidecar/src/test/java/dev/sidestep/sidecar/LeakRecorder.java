package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Netty's leak detector in all tests of this module; the module's pom names it. */
public final class LeakRecorder<T> extends ResourceLeakDetector<T> {
    private static final List<String> LEAKS = new CopyOnWriteArrayList<>();

    /** As Netty makes it. */
    public LeakRecorder(Class<?> resourceType, int samplingInterval) {
        super(resourceType, samplingInterval);
    }

    /** As Netty looks for it, too; a limit on active resources is long gone. */
    public LeakRecorder(Class<?> resourceType, int samplingInterval, long unused) {
        this(resourceType, samplingInterval);
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
        LEAKS.add(resourceType + records);
        super.reportTracedLeak(resourceType, records);
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
        LEAKS.add(resourceType);
        super.reportUntracedLeak(resourceType);
    }

    /** Fails a test class during which a buffer was forgotten. */
    public static final class Check implements AfterAllCallback {
        @Override
        public void afterAll(ExtensionContext context) {
            for (int i = 0; i < 3; i++) {
                System.gc(); // A leak shows when its buffer has been collected and another one is made.
                ByteBufAllocator.DEFAULT.buffer(1).release();
            }
            List<String> seen = List.copyOf(LEAKS);
            LEAKS.clear();
            assertThat(seen).as("buffers that were never released").isEmpty();
        }
    }
}
