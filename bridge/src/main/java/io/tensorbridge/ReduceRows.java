package io.tensorbridge;

import io.tensorbridge.tensor.Program;
import org.apache.spark.sql.Dataset;

/** Reduces all rows to one, two at a time. Made by {@link TensorFrames#reduceRows}. */
public final class ReduceRows extends ReduceOperation<ReduceRows> {

    private ReduceRows(Refinements refinements, boolean checked) {
        super(refinements, checked);
    }

    static ReduceRows of(Program program) {
        return new ReduceRows(Refinements.of(program), /* checked= */ false);
    }

    @Override
    ReduceRows refined(Refinements changed, boolean newChecked) {
        return new ReduceRows(changed, newChecked);
    }

    @Override
    ReduceBinder binder(Dataset<?> df) {
        return ReduceBinder.ofRows(refinements(), df);
    }
}
