package io.tensorbridge.tensor;

import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/** Feeds lists of any length, made equally long: each row's values in one copy, and padding behind them. */
final class PaddedFeeder implements Feeder {

    private final Feed.Padded feed;
    private final FedInput input;
    private final ColumnLayout layout;
    private final Strip padding;
    private final byte[] string; // what strings are padded with

    PaddedFeeder(Feed.Padded feed, FedInput input, String what) {
        this.feed = feed;
        this.input = input;
        Shape block = input.shape();
        this.layout = new ColumnLayout(
                feed.column(),
                input.type(),
                // of the values one after the other, before they are made rows
                block.isUnknown() || block.isScalar() ? block : block.tail());
        this.string = input.type() == ElementType.STRING ? stringOf(feed, what) : new byte[0];
        this.padding = new Strip(
                input.type() == ElementType.STRING ? new byte[1] : valueOf(feed, input.type(), what),
                input.allocator());
    }

    /** Returns the padding as it lies in a column, which of halves is one of floats. */
    private static byte[] valueOf(Feed.Padded feed, ElementType type, String what) {
        return feed.value().isEmpty()
                ? new byte[type.columnBytes()]
                : scalarOf(feed, type, what).bytes();
    }

    private static byte[] stringOf(Feed.Padded feed, String what) {
        return feed.value().isEmpty()
                ? new byte[0]
                : scalarOf(feed, ElementType.STRING, what).strings()[0];
    }

    private static TensorValue scalarOf(Feed.Padded feed, ElementType type, String what) {
        Object value = feed.value().orElseThrow();
        return TensorValue.scalar(type == ElementType.FLOAT16 ? DataType.DT_FLOAT : type.dataType(), value)
                .orElseThrow(
                        () -> new SignatureMismatchException("%s: expected padding of input '%s' to be of %s, found %s"
                                .formatted(what, feed.input(), type.dataType(), value)));
    }

    @Override
    public TF_Tensor tensor(List<? extends FieldVector> columns, int blockRows) {
        FieldVector column = columns.get(feed.column().index());
        RowLists lists = layout.lists(column);
        int rows = lists.rows();
        int width = lists.width(feed.width());
        ColumnValues values = layout.ragged(column, lists);
        long[] dims = new long[values.dims().length + 1];
        dims[0] = rows;
        dims[1] = width;
        long inner = 1;
        for (int i = 2; i < dims.length; i++) {
            dims[i] = values.dims()[i - 1];
            inner = Math.multiplyExact(inner, dims[i]);
        }
        return input.type() == ElementType.STRING
                ? paddedStrings(lists, values, inner, dims)
                : paddedValues(lists, values, inner, dims);
    }

    private TF_Tensor paddedValues(RowLists lists, ColumnValues values, long inner, long[] dims) {
        long size = inner * input.type().columnBytes();
        long bytes = Math.multiplyExact(dims[0] * dims[1], size);
        try (ArrowBuf padded = input.allocator().buffer(bytes)) {
            copyRows(lists, values.address(), size, padded.memoryAddress(), dims[1] * size);
            input.ledger().copied(CopyReason.PADDED, bytes);
            return input.tensorOfCopied(new ColumnValues(padded, padded.memoryAddress(), bytes, dims));
        }
    }

    private TF_Tensor paddedStrings(RowLists lists, ColumnValues values, long inner, long[] dims) {
        long count = Math.multiplyExact(dims[0] * dims[1], inner);
        long own = values.bytes() / Integer.BYTES;
        long bytes = own == 0
                ? 0
                : MemoryUtil.getInt(values.address() + values.bytes()) - MemoryUtil.getInt(values.address());
        bytes = Math.addExact(bytes, Math.multiplyExact(count - own, string.length));
        if (bytes > Integer.MAX_VALUE) { // Arrow's offsets are 32 bits wide
            throw new SignatureMismatchException(
                    "Cannot feed column '%s': expected at most 2147483647 bytes of padded strings, found %d. Lower blockRows"
                            .formatted(feed.column().name(), bytes));
        }
        try (var padded = new StringValues(count, bytes, input.allocator())) {
            long next = 0;
            for (int row = 0; row < lists.rows(); row++) {
                long more = (lists.start(row + 1) - lists.start(row)) * inner;
                if (more > 0) {
                    padded.addAll(values, next, more);
                }
                for (long i = more; i < dims[1] * inner; i++) {
                    padded.add(string);
                }
                next += more;
            }
            input.ledger().copied(CopyReason.PADDED, bytes);
            return input.tensorOfCopied(padded.values(dims));
        }
    }

    private void copyRows(RowLists lists, long address, long size, long target, long rowBytes) {
        long from = address;
        long to = target;
        for (int row = 0; row < lists.rows() && rowBytes > 0; row++) {
            long own = (lists.start(row + 1) - lists.start(row)) * size;
            MemoryUtil.copyMemory(from, to, own);
            padding.fill(to + own, rowBytes - own);
            from += own;
            to += rowBytes;
        }
    }

    @Override
    public void close() {
        padding.close();
    }
}
