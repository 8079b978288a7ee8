package io.tensorbridge;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ndarray.Shape;

/**
 * How a reduction names its inputs after its outputs, as in TensorFrames.
 *
 * <p>A reduction of blocks makes {@code x} of {@code x_input}, which has a dimension of rows in front. One of rows makes
 * {@code x} of {@code x_1} and {@code x_2}, all of one shape. Either is fed with the column {@code x}. Beside them a reduction
 * of blocks may have inputs of any name that are given a value.
 */
final class ReduceConvention {

    static final String BLOCK = "_input";
    static final String FIRST = "_1";
    static final String SECOND = "_2";

    private final Refinements refinements;
    private final Mismatches mismatches;
    private final Program program;
    private final List<TensorSpec> inputs = new ArrayList<>();
    private final List<TensorSpec> outputs = new ArrayList<>();
    private final Map<String, String> columns = new LinkedHashMap<>();

    private ReduceConvention(Refinements refinements, Mismatches mismatches) {
        this.refinements = refinements;
        this.mismatches = mismatches;
        this.program = refinements.program();
    }

    /** Returns what a reduction of blocks makes of its program; notes what does not follow the convention. */
    static Contract ofBlocks(Refinements refinements, Mismatches mismatches) {
        var convention = new ReduceConvention(refinements, mismatches);
        convention.forEachOutput(List.of(BLOCK), convention::addBlocks);
        return new Contract(
                convention.program, convention.inputs, convention.outputs, Contract.Form.BLOCKS, convention.columns);
    }

    /**
     * Returns what a reduction of rows makes of its program; notes what does not follow the convention. Of the two inputs
     * the first stands for both.
     */
    static Contract ofRows(Refinements refinements, Mismatches mismatches) {
        var convention = new ReduceConvention(refinements, mismatches);
        convention.forEachOutput(List.of(FIRST, SECOND), convention::addRows);
        return new Contract(
                convention.program, convention.inputs, convention.outputs, Contract.Form.ROWS, convention.columns);
    }

    private interface Step {
        void add(TensorSpec output, List<TensorSpec> ofOutput);
    }

    private void forEachOutput(List<String> suffixes, Step step) {
        Set<String> expected = new HashSet<>();
        Map<String, String> wanted = refinements.wanted();
        for (String name : wanted.keySet()) {
            suffixes.forEach(suffix -> expected.add(name + suffix));
            program.signature().output(name).ifPresent(output -> {
                List<String> names =
                        suffixes.stream().map(suffix -> name + suffix).toList();
                List<TensorSpec> found = names.stream()
                        .flatMap(input -> program.signature().input(input).stream())
                        .toList();
                if (found.size() == names.size()) {
                    step.add(output, found);
                } else {
                    mismatches.addOutput(
                            name,
                            "expected %s to reduce it from, found inputs %s. Name them so in the program"
                                    .formatted(
                                            inputsNamed(names),
                                            Mismatches.names(program.signature().inputs())));
                }
            });
        }
        List<String> known = wanted.keySet().stream()
                .filter(name -> program.signature().output(name).isPresent())
                .toList();
        for (TensorSpec input : program.inputsOf(known)) {
            if (suffixes.equals(List.of(BLOCK)) && isParameter(input) && !expected.contains(input.name())) {
                inputs.add(input);
            } else if (!expected.contains(input.name())) {
                mismatches.addInput(
                        input.name(),
                        "expected the name of an output and %s, found outputs %s. Name it so in the program"
                                .formatted(String.join(" or ", suffixes), List.copyOf(wanted.keySet())));
            }
        }
    }

    private boolean isParameter(TensorSpec input) {
        return refinements.feeding().parameters().containsKey(input.name());
    }

    private static String inputsNamed(List<String> names) {
        return names.size() == 1
                ? "an input '%s'".formatted(names.get(0))
                : "inputs '%s'".formatted(String.join("' and '", names));
    }

    private void addBlocks(TensorSpec output, List<TensorSpec> ofOutput) {
        TensorSpec input = ofOutput.get(0);
        boolean scalar = !input.shape().isUnknown() && input.shape().numDimensions() == 0; // refused when it is bound
        if (scalar || checkSame(output, input, input.cellShape())) {
            add(output, input, input.shape());
        }
    }

    private void addRows(TensorSpec output, List<TensorSpec> ofOutput) {
        TensorSpec first = ofOutput.get(0);
        TensorSpec second = ofOutput.get(1);
        boolean same = checkSame(output, first, first.shape());
        same &= checkSame(output, second, second.shape());
        String column = refinements.feeds().get(second.name());
        String columnOfFirst = refinements.feeds().get(first.name());
        if (column != null && columnOfFirst != null && !column.equals(columnOfFirst)) {
            mismatches.addInput(
                    second.name(),
                    "expected column '%s', which input '%s' is fed with, found '%s'. Feed both with one column"
                            .formatted(columnOfFirst, first.name(), column));
        } else if (same) {
            add(
                    output,
                    first,
                    Shapes.blockOf(
                            Shapes.accepts(first.shape(), second.shape()) ? moreOf(first, second) : first.shape()));
            if (column != null) {
                columns.put(first.name(), column);
            }
        }
    }

    /** Returns what is known of the shape of either. */
    private static Shape moreOf(TensorSpec first, TensorSpec second) {
        if (first.shape().isUnknown()) {
            return second.shape();
        }
        if (second.shape().isUnknown()) {
            return first.shape();
        }
        long[] dimensions = first.shape().asArray();
        for (int i = 0; i < dimensions.length; i++) {
            dimensions[i] = Math.max(dimensions[i], second.shape().get(i));
        }
        return Shape.of(dimensions);
    }

    private void add(TensorSpec output, TensorSpec input, Shape block) {
        inputs.add(new TensorSpec(input.name(), input.elementType(), block));
        outputs.add(new TensorSpec(output.name(), output.elementType(), Shapes.blockOf(output.shape())));
        columns.put(input.name(), output.name());
    }

    /** Notes where an output is not what its input's cells are: it could not be reduced once more. */
    private boolean checkSame(TensorSpec output, TensorSpec input, Shape cell) {
        if (output.elementType() == input.elementType() && Shapes.accepts(cell, output.shape())) {
            return true;
        }
        mismatches.addOutput(
                output.name(),
                "expected %s, as the cells of input '%s' of %s, found %s. Make the program give what it takes"
                        .formatted(
                                Shapes.describe(input.elementType(), cell),
                                input.name(),
                                Shapes.describe(input.elementType(), input.shape()),
                                Shapes.describe(output.elementType(), output.shape())));
        return false;
    }
}
