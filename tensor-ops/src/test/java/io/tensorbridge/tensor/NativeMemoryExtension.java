package io.tensorbridge.tensor;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.tensorflow.types.TFloat64;

/** Gives each test an aligned allocator of its own, and fails the test if it leaves a buffer, a tensor or a handle open. */
public final class NativeMemoryExtension implements BeforeEachCallback, AfterEachCallback, ParameterResolver {

    private static final Namespace NAMESPACE = Namespace.create(NativeMemoryExtension.class);

    static {
        TensorFlowRuntime.load();
        NativeTensors.liveTensors(); // makes the callback, a handle that stays open for good
        TFloat64.scalarOf(0).close(); // and so does the first tensor of TensorFlow's own
    }

    @Override
    public void beforeEach(ExtensionContext test) {
        test.getStore(NAMESPACE).put(Watch.class, Watch.begin());
    }

    @Override
    public void afterEach(ExtensionContext test) {
        var watch = test.getStore(NAMESPACE).get(Watch.class, Watch.class);
        if (watch != null) { // null if the watch itself could not begin
            watch.end();
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
        return parameter.getParameter().getType() == BufferAllocator.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
        return Objects.requireNonNull(test.getStore(NAMESPACE).get(Watch.class, Watch.class))
                .allocator();
    }

    /** What was open before the test began. */
    private record Watch(RootAllocator allocator, long liveTensors, long openHandles) {

        /** When a job of Spark's has failed, other tasks of it may still be at their ends; what is a leak stays one. */
        private void awaitTasks() {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
            while ((NativeTensors.liveTensors() != liveTensors || Pointer.totalCount() > openHandles)
                    && System.nanoTime() < end) {
                Thread.onSpinWait();
            }
        }

        static Watch begin() {
            return new Watch(
                    AlignedMemory.newRootAllocator(Long.MAX_VALUE), NativeTensors.liveTensors(), Pointer.totalCount());
        }

        void end() {
            allocator.close(); // throws if the test left a buffer open
            awaitTasks();
            if (NativeTensors.liveTensors() != liveTensors) {
                throw new IllegalStateException(
                        "The test left %d tensors alive".formatted(NativeTensors.liveTensors() - liveTensors));
            }
            long handles = Pointer.totalCount() - openHandles;
            if (handles > 0) {
                throw new IllegalStateException("The test left %d TensorFlow handles open".formatted(handles));
            }
        }
    }
}
