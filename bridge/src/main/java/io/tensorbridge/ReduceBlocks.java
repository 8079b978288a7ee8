package io.tensorbridge;

import io.tensorbridge.tensor.Program;
import org.apache.spark.sql.Dataset;

/** Reduces all rows to one, a block at a time. Made by {@link TensorFrames#reduceBlocks}. */
public final class ReduceBlocks extends ReduceOperation<ReduceBlocks> {

    private ReduceBlocks(Refinements refinements, boolean checked) {
        super(refinements, checked);
    }

    static ReduceBlocks of(Program program) {
        return new ReduceBlocks(Refinements.of(program), /* checked= */ false);
    }

    @Override
    ReduceBlocks refined(Refinements changed, boolean newChecked) {
        return new ReduceBlocks(changed, newChecked);
    }

    @Override
    ReduceBinder binder(Dataset<?> df) {
        return ReduceBinder.ofBlocks(refinements(), df);
    }
}
