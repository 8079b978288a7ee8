package io.tensorbridge.tensor;

import java.util.List;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * An input of a program that a runner feeds, and what it takes to make a tensor for it.
 *
 * @param name the input's name
 * @param type the type of its elements
 * @param shape its shape
 * @param tensors makes tensors of columns
 * @param check what strings must pass; null if any will do
 */
record FedInput(
        String name,
        ElementType type,
        Shape shape,
        InputTensors tensors,
        @Nullable CellCheck check) {

    /** Returns a new tensor of a column's values, if they pass the check. */
    TF_Tensor tensorOf(ColumnValues values) {
        if (check != null) {
            check.require(values);
        }
        return tensors.of(type, values);
    }

    /** Returns a new tensor of values that were copied for it, and counted then. */
    TF_Tensor tensorOfCopied(ColumnValues values) {
        if (tensors.copies() || type.transfer() != Transfer.ALIAS) {
            return tensorOf(values);
        }
        return NativeTensors.alias(type, values, tensors.dims(), ledger().ofCopiesOnly());
    }

    /** Returns a new tensor of TensorFlow's own, not filled; not of strings. */
    TF_Tensor allocate(long bytes, long... dimensions) {
        return NativeTensors.allocate(type, dimensions, bytes, tensors.dims());
    }

    ColumnLayout layoutOf(Feed.OfColumn feed) {
        return new ColumnLayout(feed.column(), type, shape);
    }

    /** Returns whether the program must be given memory of its own. */
    boolean copies() {
        return tensors.copies();
    }

    BufferAllocator allocator() {
        return tensors.allocator();
    }

    TransferLedger ledger() {
        return tensors.ledger();
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
