package runonce.contest;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicLong;

/** How far the one stream thread has come, for the thread that waits for it. */
final class Progress {
    final AtomicLong read = new AtomicLong();
    final AtomicLong moved = new AtomicLong();
    final AtomicLong added = new AtomicLong();
    private volatile long begun;
    private volatile long processor;

    void read() {
        if (read.getAndIncrement() == 0) {
            begun = System.nanoTime();
            processor = processorTime();
        }
    }

    /** Whether all records were read, and all movements that they caused are in the cells. */
    boolean complete(final long records) {
        return read.get() >= records && moved.get() == added.get();
    }

    double seconds() {
        return (System.nanoTime() - begun) / 1e9;
    }

    double processorSeconds() {
        return (processorTime() - processor) / 1e9;
    }

    private static long processorTime() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
