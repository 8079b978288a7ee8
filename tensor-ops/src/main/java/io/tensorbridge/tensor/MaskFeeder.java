package io.tensorbridge.tensor;

import java.util.List;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.proto.DataType;

/** Feeds where the values of a padded column are its own: ones from the left, then zeros. */
final class MaskFeeder implements Feeder {

    static final List<DataType> TYPES =
            List.of(DataType.DT_BOOL, DataType.DT_FLOAT, DataType.DT_DOUBLE, DataType.DT_INT32, DataType.DT_INT64);

    private final Feed.Mask feed;
    private final FedInput input;
    private final Strip ones;

    MaskFeeder(Feed.Mask feed, FedInput input) {
        this.feed = feed;
        this.input = input;
        DataType type = input.type().dataType();
        Object one = type == DataType.DT_BOOL ? (Object) true : (Object) 1;
        this.ones = new Strip(TensorValue.scalar(type, one).orElseThrow().bytes(), input.allocator());
    }

    @Override
    public TF_Tensor tensor(List<? extends FieldVector> columns, int blockRows) {
        RowLists lists = RowLists.of(columns.get(feed.column().index()), feed.column());
        int rows = lists.rows();
        long width = lists.width(feed.width());
        long size = input.type().bytes();
        long bytes = Math.multiplyExact(rows * width, size);
        TF_Tensor mask = input.allocate(bytes, rows, width);
        try {
            long to = NativeTensors.addressOf(mask);
            for (int row = 0; row < rows && width > 0; row++) {
                long own = (lists.start(row + 1) - lists.start(row)) * size;
                ones.fill(to, own);
                MemoryUtil.setMemory(to + own, width * size - own, (byte) 0);
                to += width * size;
            }
        } catch (RuntimeException | Error e) { // the strip may not fit into memory
            NativeTensors.delete(mask);
            throw e;
        }
        input.ledger().copied(CopyReason.PADDED, bytes);
        return mask;
    }

    @Override
    public void close() {
        ones.close();
    }
}
