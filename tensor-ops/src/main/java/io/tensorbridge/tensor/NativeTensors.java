package io.tensorbridge.tensor;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_AllocateTensor;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteTensor;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_Dim;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewTensor;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NumDims;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TensorData;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.ForeignAllocation;
import org.apache.arrow.memory.util.MemoryUtil;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;
import org.tensorflow.internal.c_api.Deallocator_Pointer_long_Pointer;
import org.tensorflow.internal.c_api.TF_Tensor;

/**
 * The alias protocol: TensorFlow tensors over Arrow memory, and Arrow memory over TensorFlow tensors.
 *
 * <p>Nothing else in the library makes or frees a tensor. Safe for use by several threads.
 */
final class NativeTensors {

    /*
     * Into TensorFlow. TF_NewTensor takes memory and a function to call when it needs the memory no more. That moment is
     * not the deletion of the tensor: an output may share its buffer, a resource may keep it. So the Arrow buffer is
     * retained before and released by that function alone. JavaCPP gives out at most ten native function pointers per
     * callback class, hence one function for the process, told which memory is meant by a number in place of a pointer.
     * It may be called on a thread of TensorFlow's, so it does nothing but release.
     *
     * TF_NewTensor copies in silence what is not aligned, calling the function at once; the address of the tensor tells.
     *
     * Dimensions must be right before they come here: a negative one aborts the process.
     *
     * Out of TensorFlow. An output's buffer may be that of an input or of a constant, so it is only ever read. It becomes
     * an Arrow allocation, whose release deletes the tensor.
     */

    private static final ConcurrentHashMap<Long, Loan> LENT = new ConcurrentHashMap<>();
    private static final AtomicLong NEXT_LOAN = new AtomicLong(1); // 0 would arrive as null
    private static final AtomicLong OPEN_OUTPUTS = new AtomicLong();
    private static final Deallocator_Pointer_long_Pointer TAKE_BACK;

    static {
        TensorFlowRuntime.load();
        TAKE_BACK = new TakeBack();
    }

    private NativeTensors() {}

    /** Memory that TensorFlow uses. */
    @FunctionalInterface
    interface Loan {
        /** Frees the memory: on any thread, without a call to TensorFlow, and without throwing. */
        void end();
    }

    /** Returns how many tensors over memory of ours and outputs worn as Arrow memory are alive in this process. */
    static long liveTensors() {
        return LENT.size() + OPEN_OUTPUTS.get();
    }

    /**
     * Returns a new tensor over the memory of a column, which the caller deletes; the column's buffer lives on until
     * TensorFlow has let go of it.
     *
     * @param dims where to write the dimensions for native code
     */
    static TF_Tensor alias(ElementType type, ColumnValues values, LongPointer dims, TransferLedger ledger) {
        if (values.bytes() == 0) {
            return allocate(type, values.dims(), /* bytes= */ 0, dims);
        }
        values.buffer().getReferenceManager().retain();
        TF_Tensor tensor = lend(
                type,
                values.dims(),
                dims,
                values.address(),
                values.bytes(),
                values.buffer().getReferenceManager()::release);
        if (addressOf(tensor) == values.address()) {
            ledger.aliased(values.bytes());
        } else {
            ledger.copied(CopyReason.MISALIGNED, values.bytes());
        }
        return tensor;
    }

    /** Returns a new tensor of TensorFlow's own with the values of a column, which the caller deletes. */
    static TF_Tensor copyOf(ElementType type, ColumnValues values, LongPointer dims, TransferLedger ledger) {
        TF_Tensor tensor = allocate(type, values.dims(), values.bytes(), dims);
        MemoryUtil.copyMemory(values.address(), addressOf(tensor), values.bytes());
        ledger.copied(CopyReason.PROGRAM, values.bytes());
        return tensor;
    }

    /**
     * Returns a new tensor over memory, or over a copy of it if it is not aligned.
     *
     * @param shape the dimensions, which have been checked
     * @param dims where to write the dimensions for native code
     * @param loan ended when TensorFlow needs the memory no more: once, and if this throws too
     */
    static TF_Tensor lend(ElementType type, long[] shape, LongPointer dims, long address, long bytes, Loan loan) {
        long number = NEXT_LOAN.getAndIncrement();
        LENT.put(number, loan);
        writeDims(shape, dims);
        TF_Tensor tensor = TF_NewTensor(
                type.dataType().getNumber(),
                dims,
                shape.length,
                new Address(address, bytes),
                bytes,
                TAKE_BACK,
                new Address(number, 0));
        if (tensor == null) { // TensorFlow has called TAKE_BACK already
            throw new IllegalStateException("TensorFlow refused a tensor of %s over %d bytes"
                    .formatted(Shapes.describe(type.dataType(), org.tensorflow.ndarray.Shape.of(shape)), bytes));
        }
        return tensor;
    }

    /** Returns a new tensor of TensorFlow's own, not filled, which the caller deletes. */
    static TF_Tensor allocate(ElementType type, long[] shape, long bytes, LongPointer dims) {
        writeDims(shape, dims);
        TF_Tensor tensor = TF_AllocateTensor(type.dataType().getNumber(), dims, shape.length, bytes);
        if (tensor == null) {
            throw new IllegalStateException("TensorFlow could not allocate %d bytes".formatted(bytes));
        }
        return tensor;
    }

    private static void writeDims(long[] shape, LongPointer dims) {
        for (int i = 0; i < shape.length; i++) {
            MemoryUtil.putLong(dims.address() + (long) i * Long.BYTES, shape[i]);
        }
    }

    static void delete(TF_Tensor tensor) {
        TF_DeleteTensor(tensor);
    }

    /** Returns the tensor at an address that TensorFlow has written. */
    static TF_Tensor at(long address) {
        return new TF_Tensor(new Address(address, 0));
    }

    static long[] dimsOf(TF_Tensor tensor) {
        long[] dims = new long[TF_NumDims(tensor)];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = TF_Dim(tensor, i);
        }
        return dims;
    }

    /**
     * Wears an output tensor as Arrow memory.
     *
     * @param tensor the tensor, which this method takes over on every path
     * @param bytes the bytes of its elements; the tensor's own count may be larger than its shape asks for
     * @return a buffer, which the caller releases
     */
    static ArrowBuf wrap(TF_Tensor tensor, long bytes, BufferAllocator allocator, TransferLedger ledger) {
        if (bytes == 0) {
            TF_DeleteTensor(tensor);
            return allocator.getEmpty();
        }
        OPEN_OUTPUTS.incrementAndGet();
        var worn = new WornTensor(tensor, addressOf(tensor), bytes);
        try {
            ArrowBuf buffer = allocator.wrapForeignAllocation(worn);
            ledger.aliased(bytes);
            return buffer;
        } catch (RuntimeException | Error e) {
            worn.release0();
            throw e;
        }
    }

    /** Returns where a tensor's elements lie; 0 if it has none. */
    static long addressOf(TF_Tensor tensor) {
        Pointer data = TF_TensorData(tensor);
        return data == null ? 0 : data.address();
    }

    /** A number that the native side takes for a pointer; it owns nothing. */
    static final class Address extends Pointer {
        Address(long address, long bytes) {
            this.address = address;
            this.limit = bytes;
            this.capacity = bytes;
        }
    }

    private static final class TakeBack extends Deallocator_Pointer_long_Pointer {
        @Override
        public void call(Pointer data, long length, Pointer loan) {
            Loan lent = LENT.remove(loan.address());
            if (lent != null) {
                lent.end();
            }
        }
    }

    private static final class WornTensor extends ForeignAllocation {

        private @Nullable TF_Tensor tensor;

        WornTensor(TF_Tensor tensor, long address, long bytes) {
            super(bytes, address);
            this.tensor = tensor;
        }

        @Override
        protected synchronized void release0() {
            TF_Tensor open = tensor;
            if (open != null) { // deleting twice would crash the process
                tensor = null;
                TF_DeleteTensor(open);
                OPEN_OUTPUTS.decrementAndGet();
            }
        }
    }
}
