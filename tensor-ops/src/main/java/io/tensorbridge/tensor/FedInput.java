package io.tensorbridge.tensor;

import java.util.List;
import java.util.stream.Collectors;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.bytedeco.javacpp.LongPointer;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * An input of a program that a runner feeds, and what it takes to make a tensor for it.
 *
 * @param name the input's name
 * @param type the type of its elements
 * @param shape its shape
 * @param copies whether the program must be given memory of its own
 * @param dims where to write dimensions for native code
 * @param allocator where memory between column and tensor comes from
 * @param ledger where copies are counted
 */
record FedInput(
        String name,
        ElementType type,
        Shape shape,
        boolean copies,
        LongPointer dims,
        BufferAllocator allocator,
        TransferLedger ledger) {

    /** Returns a new tensor of a column's values. */
    TF_Tensor tensorOf(ColumnValues values) {
        return new InputTensors(copies, dims, allocator, ledger).of(type, values);
    }

    /**
     * Returns a new tensor over memory that was made for it, and that nobody else will read.
     *
     * @param fresh the memory; taken over on every path
     */
    TF_Tensor tensorOver(ArrowBuf fresh, long bytes, long[] shape) {
        try (fresh) {
            var values = new ColumnValues(fresh, fresh.memoryAddress(), bytes, shape);
            return tensorOver(values);
        }
    }

    /** Returns a new tensor of values in memory that was made for it, and that nobody else will read. */
    TF_Tensor tensorOver(ColumnValues fresh) {
        return new InputTensors(/* copies= */ false, dims, allocator, ledger.ofCopiesOnly()).of(type, fresh);
    }

    /** Returns a new tensor of TensorFlow's own, not filled. */
    TF_Tensor allocate(long bytes, long... shape) {
        return NativeTensors.allocate(type, shape, bytes, dims);
    }

    ColumnLayout layoutOf(Feed.OfColumn feed) {
        return new ColumnLayout(feed.column(), type, shape);
    }

    void requireType(String what, String thing, List<DataType> types) {
        if (!types.contains(type.dataType())) {
            throw new SignatureMismatchException("%s: expected input '%s', which is fed with %s, to be %s, found %s"
                    .formatted(
                            what,
                            name,
                            thing,
                            types.stream().map(DataType::name).collect(Collectors.joining(" or ")),
                            type.dataType()));
        }
    }
}
