package io.tensorbridge.train.worker;

import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.tensor.TrainingSession.Fed;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Feeds rows: a batch of some of them, or of one row of zeros if there are none, since a batch must have a row. */
final class Batches {

    private final List<TensorSpec> inputs;
    private final MappedRows rows;

    Batches(List<TensorSpec> inputs, MappedRows rows) {
        this.inputs = inputs;
        this.rows = rows;
    }

    /** Returns the feeds of the inputs, which come first in every run. */
    static List<Fed> feeds(List<TensorSpec> inputs, List<String> names) {
        List<Fed> feeds = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            feeds.add(new Fed(names.get(i), inputs.get(i).elementType()));
        }
        return feeds;
    }

    void feed(TrainingSession.Run run, RowOrder order, long from, long until) {
        int count = (int) Math.max(1, until - from);
        for (int i = 0; i < inputs.size(); i++) {
            long[] cell = inputs.get(i).cellShape().asArray();
            long[] shape = new long[cell.length + 1];
            shape[0] = count;
            System.arraycopy(cell, 0, shape, 1, cell.length);
            int cellBytes = rows.cellBytes(i);
            ByteBuffer to = run.feed(i, (long) count * cellBytes, shape);
            if (until > from) {
                rows.gather(i, order, from, to);
            } else {
                to.put(new byte[cellBytes]);
            }
        }
    }
}
