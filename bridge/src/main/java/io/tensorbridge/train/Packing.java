package io.tensorbridge.train;

import static io.tensorbridge.TensorFrames.outputs;
import static java.util.Objects.requireNonNull;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.graph.ValueRange;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.internal.types.registry.TensorTypeRegistry;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/**
 * A program that makes one row of each block: for each input the cells of all its rows as one binary, one after the other; and
 * where an input has a range, its smallest and largest value.
 *
 * <p>So rows are bound, checked and brought into blocks as those of every program are.
 */
record Packing(Program program, List<Integer> cellBytes, List<ValueRange> ranges) {

    private static final String CELLS = "cells";
    private static final String LEAST = "least";
    private static final String MOST = "most";

    static Packing of(TrainingProgram trained) {
        List<TensorSpec> inputs = trained.inputs();
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot train: expected the program to have an input, found none. Add one with input(…)");
        }
        Program program = Program.build(tf -> {
            Map<String, Operand<?>> values = new LinkedHashMap<>();
            inputs.forEach(input -> values.put(input.name(), placeholder(tf, input)));
            Program.Outputs outputs = outputs(CELLS + 0, cells(tf, values, inputs.get(0)));
            for (int i = 1; i < inputs.size(); i++) {
                outputs = outputs.and(CELLS + i, cells(tf, values, inputs.get(i)));
            }
            for (int i = 0; i < trained.ranges().size(); i++) {
                Operand<TInt64> numbers = tf.reshape(
                        tf.dtypes.cast(valuesOf(values, trained.ranges().get(i).input()), TInt64.class),
                        tf.constant(new int[] {1, -1}));
                outputs = outputs.and(LEAST + i, tf.min(numbers, tf.constant(1)))
                        .and(MOST + i, tf.max(numbers, tf.constant(1)));
            }
            return outputs;
        });
        List<Integer> cellBytes = new ArrayList<>();
        inputs.forEach(
                input -> cellBytes.add(Math.toIntExact(input.cellShape().size() * widthOf(input.elementType()))));
        return new Packing(program.named("training rows"), List.copyOf(cellBytes), trained.ranges());
    }

    private static Operand<?> placeholder(Ops tf, TensorSpec input) {
        Class<? extends TType> type =
                TensorTypeRegistry.find(input.elementType()).type();
        return Program.placeholder(tf, input.name(), type, input.shape());
    }

    private static Operand<?> valuesOf(Map<String, Operand<?>> values, String input) {
        return requireNonNull(values.get(input), input);
    }

    private static Operand<TUint8> cells(Ops tf, Map<String, Operand<?>> values, TensorSpec input) {
        Operand<?> cells = valuesOf(values, input.name());
        Operand<TUint8> bytes = switch (input.elementType()) {
            case DT_BOOL -> tf.dtypes.cast(cells, TUint8.class);
            case DT_UINT8 -> tf.reshape(tf.bitcast(cells, TUint8.class), tf.constant(new int[] {-1}));
            default -> tf.bitcast(cells, TUint8.class);
        };
        return tf.reshape(bytes, tf.constant(new int[] {1, -1}));
    }

    private static int widthOf(DataType type) {
        return TensorTypeRegistry.find(type).byteSize();
    }

    static String cells(int input) {
        return CELLS + input;
    }

    static String least(int range) {
        return LEAST + range;
    }

    static String most(int range) {
        return MOST + range;
    }
}
