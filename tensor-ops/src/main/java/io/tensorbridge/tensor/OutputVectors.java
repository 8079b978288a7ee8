package io.tensorbridge.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.arrow.vector.types.pojo.Field;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.ndarray.Shape;

/**
 * Dresses output tensors as Arrow columns.
 *
 * <p>The values are the tensor's own memory, but for halves and strings, which are copied. What Arrow wants besides, and a tensor lacks, is the same for all columns of
 * a kind: the offsets of equal lists, and a bitmap that says that nothing is null. These are made once and shared.
 *
 * <p>For use by one thread. Columns stay valid after this is closed.
 */
final class OutputVectors implements AutoCloseable {

    private static final byte ALL_VALID = (byte) 0xFF;

    private final BufferAllocator allocator;
    private final TransferLedger ledger;
    private final Map<Integer, ArrowBuf> offsetsByWidth = new HashMap<>();
    private ArrowBuf validity;

    OutputVectors(BufferAllocator allocator, TransferLedger ledger) {
        this.allocator = allocator;
        this.ledger = ledger;
        this.validity = allocator.getEmpty();
    }

    /**
     * Returns a column over a tensor.
     *
     * @param tensor the tensor, which this method takes over on every path
     * @return a column, which the caller closes
     */
    FieldVector dress(TF_Tensor tensor, Fetch fetch, ElementType type, String what) {
        long[] dims;
        try {
            dims = dimsOf(tensor, fetch);
            check(dims, fetch, type, what);
        } catch (RuntimeException e) {
            NativeTensors.delete(tensor);
            throw e;
        }
        List<ArrowBuf> values = valuesOf(tensor, product(dims, dims.length), fetch, type, what);
        FieldVector column = fetch.field().createVector(allocator);
        try {
            if (type.isBinary()) {
                int width = Math.toIntExact(product(dims, dims.length) / Math.max(1, dims[0]));
                load(column, dims[0], List.of(valid(dims[0]), offsets(dims[0], width)), values);
            } else {
                loadLevel(column, dims, 0, values);
            }
            return column;
        } catch (RuntimeException | Error e) {
            column.close();
            throw e;
        } finally {
            values.forEach(buffer -> buffer.getReferenceManager().release()); // the column has retained them
        }
    }

    /** Returns the dimensions of the column, rows first. */
    private static long[] dimsOf(TF_Tensor tensor, Fetch fetch) {
        long[] dims = NativeTensors.dimsOf(tensor);
        if (fetch.rows() == Fetch.Rows.MANY) {
            return dims;
        }
        long[] oneRow = new long[dims.length + 1];
        oneRow[0] = 1;
        System.arraycopy(dims, 0, oneRow, 1, dims.length);
        return oneRow;
    }

    /** Returns the buffers of the innermost vector, without its validity; takes over the tensor on every path. */
    private List<ArrowBuf> valuesOf(TF_Tensor tensor, long count, Fetch fetch, ElementType type, String what) {
        return switch (type.transfer()) {
            case ALIAS -> List.of(NativeTensors.wrap(tensor, count * type.bytes(), allocator, ledger));
            case HALF -> List.of(HalfTensors.floatsOf(tensor, count, allocator, ledger));
            case STRING -> StringTensors.arrowOf(tensor, count, allocator, ledger, fetch.output(), what);
        };
    }

    private void loadLevel(FieldVector vector, long[] dims, int level, List<ArrowBuf> values) {
        long count = product(dims, level + 1);
        if (vector instanceof ListVector list) {
            load(list, count, List.of(valid(count), offsets(count, Math.toIntExact(dims[level + 1]))), List.of());
            loadLevel(list.getDataVector(), dims, level + 1, values);
        } else {
            load(vector, count, List.of(valid(count)), values);
        }
    }

    private static void load(FieldVector vector, long count, List<ArrowBuf> shared, List<ArrowBuf> own) {
        List<ArrowBuf> buffers = new ArrayList<>(shared);
        buffers.addAll(own);
        vector.loadFieldBuffers(new ArrowFieldNode(count, /* nullCount= */ 0), buffers);
    }

    private static void check(long[] dims, Fetch fetch, ElementType type, String what) {
        int rank = rankOf(fetch.field());
        boolean fits = type.isBinary() ? dims.length > 0 : dims.length == rank + 1;
        if (!fits) {
            throw new ProgramException(
                    what,
                    "expected output '%s' to have %s, found shape %s. Mend shape(\"%s\", …), or the program"
                            .formatted(
                                    fetch.output(),
                                    type.isBinary()
                                            ? "a dimension of rows"
                                            : "%d dimensions, rows first".formatted(rank + 1),
                                    Shapes.describe(Shape.of(dims)),
                                    fetch.field().getName()));
        }
        if (!Shapes.accepts(fetch.cellShape(), Shape.of(Arrays.copyOfRange(dims, 1, dims.length)))) {
            throw new ProgramException(
                    what,
                    "expected cells of output '%s' to have shape %s, found tensor of shape %s. Mend shape(\"%s\", …), or the program"
                            .formatted(
                                    fetch.output(),
                                    Shapes.describe(fetch.cellShape()),
                                    Shapes.describe(Shape.of(dims)),
                                    fetch.field().getName()));
        }
        if (product(dims, dims.length) > Integer.MAX_VALUE) { // Arrow's offsets and counts are 32 bits wide
            throw new ProgramException(
                    what,
                    "expected at most 2147483647 values of output '%s', found shape %s. Lower blockRows"
                            .formatted(fetch.output(), Shapes.describe(Shape.of(dims))));
        }
    }

    private static int rankOf(Field field) {
        return field.getChildren().isEmpty()
                ? 0
                : 1 + rankOf(field.getChildren().get(0));
    }

    private static long product(long[] dims, int first) {
        long product = 1;
        for (int i = 0; i < first; i++) {
            product = Math.multiplyExact(product, dims[i]);
        }
        return product;
    }

    private ArrowBuf valid(long count) {
        long bytes = (count + Byte.SIZE - 1) / Byte.SIZE;
        if (validity.capacity() < bytes || validity.capacity() == 0) {
            ArrowBuf larger = allocator.buffer(Math.max(Long.BYTES, bytes));
            MemoryUtil.setMemory(larger.memoryAddress(), larger.capacity(), ALL_VALID);
            validity.close();
            validity = larger;
        }
        return validity;
    }

    private ArrowBuf offsets(long count, int width) {
        ArrowBuf known = offsetsByWidth.get(width);
        long bytes = (count + 1) * Integer.BYTES;
        if (known != null && known.capacity() >= bytes) {
            return known;
        }
        if (offsetsByWidth.size() >= 16) { // a program whose cells differ from block to block: start anew
            closeOffsets();
        }
        ArrowBuf offsets = allocator.buffer(bytes);
        for (int i = 0; i < offsets.capacity() / Integer.BYTES; i++) { // which may be more than was asked for
            MemoryUtil.putInt(offsets.memoryAddress() + (long) i * Integer.BYTES, i * width);
        }
        ArrowBuf replaced = offsetsByWidth.put(width, offsets);
        if (replaced != null) {
            replaced.close();
        }
        return offsets;
    }

    private void closeOffsets() {
        new ArrayList<>(offsetsByWidth.values()).forEach(ArrowBuf::close);
        offsetsByWidth.clear();
    }

    @Override
    public void close() {
        closeOffsets();
        validity.close();
        validity = allocator.getEmpty();
    }
}
