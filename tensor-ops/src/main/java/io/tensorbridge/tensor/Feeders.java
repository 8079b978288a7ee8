package io.tensorbridge.tensor;

import java.util.List;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.proto.DataType;

/** The feeders that need no memory of their own. */
final class Feeders {

    private static final List<DataType> COUNTS = List.of(DataType.DT_INT32, DataType.DT_INT64);

    private Feeders() {}

    /**
     * Returns what feeds an input.
     *
     * @param what what cannot be done if this throws
     * @throws SignatureMismatchException if the input cannot be fed so
     */
    static Feeder of(Feed feed, FedInput input, String what) {
        if (feed instanceof Feed.Dense dense) {
            return new DenseFeeder(dense, input, input.layoutOf(dense));
        } else if (feed instanceof Feed.RaggedValues values) {
            return new RaggedFeeder(values, input, input.layoutOf(values));
        } else if (feed instanceof Feed.RowSplits splits) {
            input.requireType(what, "row splits", COUNTS);
            return new SplitsFeeder(splits, input);
        } else if (feed instanceof Feed.Lengths lengths) {
            input.requireType(what, "lengths", COUNTS);
            return new LengthsFeeder(lengths, input);
        } else if (feed instanceof Feed.Padded padded) {
            return new PaddedFeeder(padded, input, what);
        } else if (feed instanceof Feed.Mask mask) {
            input.requireType(what, "a mask", MaskFeeder.TYPES);
            return new MaskFeeder(mask, input);
        } else if (feed instanceof Feed.RowCount) {
            input.requireType(what, "the row count", COUNTS);
            return new RowCountFeeder(input);
        } else {
            return new ParameterFeeder((Feed.Parameter) feed, input, what);
        }
    }

    private record DenseFeeder(Feed.Dense feed, FedInput input, ColumnLayout layout) implements Feeder {
        @Override
        public TF_Tensor tensor(List<? extends FieldVector> columns, int rows) {
            return input.tensorOf(layout.dense(columns.get(feed.column().index()), feed.cellShape()));
        }
    }

    private record RaggedFeeder(Feed.RaggedValues feed, FedInput input, ColumnLayout layout) implements Feeder {
        @Override
        public TF_Tensor tensor(List<? extends FieldVector> columns, int rows) {
            FieldVector column = columns.get(feed.column().index());
            return input.tensorOf(layout.ragged(column, layout.lists(column)));
        }
    }

    private record SplitsFeeder(Feed.RowSplits feed, FedInput input) implements Feeder {
        @Override
        public TF_Tensor tensor(List<? extends FieldVector> columns, int blockRows) {
            RowLists lists = RowLists.of(columns.get(feed.column().index()), feed.column());
            int rows = lists.rows();
            if (rows > 0 && lists.first() == 0 && input.type() == ElementType.INT32) {
                lists.longest(); // TensorFlow's ragged kernels rely on what is checked there
                return input.tensorOf(new ColumnValues(
                        lists.offsets(), lists.offsets().memoryAddress(), (rows + 1L) * Integer.BYTES, new long[] {
                            rows + 1L
                        }));
            }
            TF_Tensor splits = input.allocate((rows + 1L) * input.type().bytes(), rows + 1L);
            long to = NativeTensors.addressOf(splits);
            int first = lists.first();
            put(input, to, 0, 0);
            for (int row = 1; row <= rows; row++) {
                put(input, to, row, lists.start(row) - first);
            }
            input.ledger()
                    .copied(CopyReason.ROW_SPLITS, (rows + 1L) * input.type().bytes());
            return splits;
        }
    }

    private record LengthsFeeder(Feed.Lengths feed, FedInput input) implements Feeder {
        @Override
        public TF_Tensor tensor(List<? extends FieldVector> columns, int blockRows) {
            RowLists lists = RowLists.of(columns.get(feed.column().index()), feed.column());
            int rows = lists.rows();
            TF_Tensor lengths = input.allocate((long) rows * input.type().bytes(), rows);
            long to = NativeTensors.addressOf(lengths);
            for (int row = 0; row < rows; row++) {
                put(input, to, row, lists.start(row + 1) - lists.start(row));
            }
            input.ledger()
                    .copied(CopyReason.ROW_SPLITS, (long) rows * input.type().bytes());
            return lengths;
        }
    }

    private record RowCountFeeder(FedInput input) implements Feeder {
        @Override
        public TF_Tensor tensor(List<? extends FieldVector> columns, int rows) {
            TF_Tensor count = input.allocate(input.type().bytes());
            put(input, NativeTensors.addressOf(count), 0, rows);
            return count;
        }
    }

    private static void put(FedInput input, long address, int i, int value) {
        if (input.type() == ElementType.INT64) {
            MemoryUtil.putLong(address + (long) i * Long.BYTES, value);
        } else {
            MemoryUtil.putInt(address + (long) i * Integer.BYTES, value);
        }
    }
}
