package io.tensorbridge.tensor;

import java.util.List;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.jspecify.annotations.Nullable;
import org.tensorflow.internal.c_api.TF_Tensor;

/** Feeds a value that is the same for all runs: one tensor for them all, unless the program writes to what it is fed. */
final class ParameterFeeder implements Feeder {

    private final TensorValue value;
    private final FedInput input;
    private @Nullable TF_Tensor kept;

    ParameterFeeder(Feed.Parameter feed, FedInput input, String what) {
        this.value = feed.value();
        this.input = input;
        if (value.elementType() != input.type().dataType() || !Shapes.accepts(input.shape(), value.shape())) {
            throw new SignatureMismatchException("%s: expected a value of %s for input '%s', found %s"
                    .formatted(what, Shapes.describe(input.type().dataType(), input.shape()), input.name(), value));
        }
    }

    @Override
    public TF_Tensor tensor(List<? extends FieldVector> columns, int rows) {
        if (input.copies()) {
            return newTensor();
        }
        if (kept == null) {
            kept = newTensor();
        }
        return kept;
    }

    private TF_Tensor newTensor() {
        if (input.type() == ElementType.STRING) {
            try (var strings = StringValues.of(value.strings(), input.allocator())) {
                return input.tensorOf(strings.values(value.shape().asArray()));
            }
        }
        byte[] bytes = value.bytes();
        TF_Tensor tensor = input.allocate(bytes.length, value.shape().asArray());
        MemoryUtil.copyToMemory(bytes, 0, NativeTensors.addressOf(tensor), bytes.length);
        return tensor;
    }

    @Override
    public void takeBack(TF_Tensor tensor) {
        if (input.copies()) {
            NativeTensors.delete(tensor);
        }
    }

    @Override
    public void close() {
        if (kept != null) { // outputs made of it keep its memory, not the tensor
            NativeTensors.delete(kept);
            kept = null;
        }
    }
}
