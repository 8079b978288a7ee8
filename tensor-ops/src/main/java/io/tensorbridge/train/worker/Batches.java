package io.tensorbridge.train.worker;

import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.tensor.TrainingSession.Fed;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Feeds rows: a batch of some of them, or of one row of zeros if there are none, since a batch must have a row. Belongs to one
 * thread.
 */
final class Batches {

    private final List<TensorSpec> inputs;
    private final MappedRows rows;
    private final long[][] shapes;

    Batches(List<TensorSpec> inputs, MappedRows rows) {
        this.inputs = inputs;
        this.rows = rows;
        shapes = new long[inputs.size()][];
        for (int i = 0; i < shapes.length; i++) {
            shapes[i] = inputs.get(i).shape().asArray();
        }
    }

    /** Returns the feeds of the inputs, which come first in every run. */
    static List<Fed> feeds(List<TensorSpec> inputs, List<String> names) {
        List<Fed> feeds = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            feeds.add(new Fed(names.get(i), inputs.get(i).elementType()));
        }
        return feeds;
    }

    /** Feeds the rows that have these places in an order. */
    void feed(TrainingSession.Run run, RowOrder order, long from, long until) {
        for (int i = 0; i < shapes.length; i++) {
            ByteBuffer to = allocate(run, i, until - from);
            if (until > from) {
                rows.gather(i, order, from, to);
            }
        }
    }

    /** Feeds rows as they lie. */
    void feed(TrainingSession.Run run, long from, long until) {
        for (int i = 0; i < shapes.length; i++) {
            ByteBuffer to = allocate(run, i, until - from);
            if (until > from) {
                rows.copy(i, from, to);
            }
        }
    }

    /** Makes the tensor of an input; one row of zeros for none. */
    private ByteBuffer allocate(TrainingSession.Run run, int input, long count) {
        int cellBytes = rows.cellBytes(input);
        long bytes = Math.max(1, count) * cellBytes;
        if (bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "Cannot train on batches of %d rows: expected 2 GiB of input '%s' at most, found %d bytes. Lower batchRows(…)"
                            .formatted(count, inputs.get(input).name(), bytes));
        }
        shapes[input][0] = Math.max(1, count);
        ByteBuffer to = run.feed(input, bytes, shapes[input]);
        if (count == 0) {
            to.put(0, new byte[cellBytes]);
        }
        return to;
    }
}
