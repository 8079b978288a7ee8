package io.tensorbridge.tensor;

import java.util.List;
import java.util.Optional;

/**
 * The named inputs and outputs of a program, in order.
 *
 * @param inputs the inputs; of a graph those that its outputs need, of a saved model all that its signature names
 * @param outputs the outputs, as they were named when the program was made
 */
public record ProgramSignature(List<TensorSpec> inputs, List<TensorSpec> outputs) {

    public ProgramSignature {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    /** Returns the input of this name. */
    public Optional<TensorSpec> input(String name) {
        return inputs.stream().filter(spec -> spec.name().equals(name)).findFirst();
    }

    /** Returns the output of this name. */
    public Optional<TensorSpec> output(String name) {
        return outputs.stream().filter(spec -> spec.name().equals(name)).findFirst();
    }
}
