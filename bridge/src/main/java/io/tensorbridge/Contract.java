package io.tensorbridge;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramRewrites;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * What an operation makes of a program: inputs and outputs as they meet columns, in the shape of a block.
 *
 * @param program the program as the user gave it
 * @param inputs its inputs, with a dimension of rows in front
 * @param outputs its outputs, with a dimension of rows in front
 * @param form how the program itself sees its inputs, and so how messages write their shapes
 * @param columns the column that feeds an input of which the user has said nothing, if it is not of the input's name
 */
record Contract(
        Program program, List<TensorSpec> inputs, List<TensorSpec> outputs, Form form, Map<String, String> columns) {

    /** How a program sees rows. */
    enum Form {
        /** Many at once: {@code [?, 3]}. */
        BLOCKS,
        /** One by one: {@code [3]}. */
        ROWS
    }

    static Contract ofBlocks(Program program) {
        return new Contract(
                program, program.signature().inputs(), program.signature().outputs(), Form.BLOCKS, Map.of());
    }

    static Contract ofRows(Program program) {
        return new Contract(
                program,
                blocksOf(program.signature().inputs()),
                blocksOf(program.signature().outputs()),
                Form.ROWS,
                Map.of());
    }

    private static List<TensorSpec> blocksOf(List<TensorSpec> rows) {
        return rows.stream()
                .map(row -> new TensorSpec(row.name(), row.elementType(), Shapes.blockOf(row.shape())))
                .toList();
    }

    /**
     * Returns the program that takes blocks and gives these outputs.
     *
     * @param parameters inputs that are the same for all rows
     */
    Program overBlocks(Collection<String> wanted, Set<String> parameters) {
        return form == Form.BLOCKS ? program : ProgramRewrites.overRows(program, List.copyOf(wanted), parameters);
    }

    /** Returns the column that feeds an input of which the user has said nothing. */
    String defaultColumn(String input) {
        return columns.getOrDefault(input, input);
    }

    Optional<TensorSpec> output(String name) {
        return outputs.stream().filter(spec -> spec.name().equals(name)).findFirst();
    }

    /** Returns the inputs that some outputs need, in order. */
    List<TensorSpec> inputsOf(Collection<String> wanted) {
        List<String> needed =
                program.inputsOf(wanted).stream().map(TensorSpec::name).toList();
        return inputs.stream().filter(input -> needed.contains(input.name())).toList();
    }

    /** Returns type and shape of an input or output as the program's author knows them. */
    String describe(TensorSpec spec) {
        return Shapes.describe(spec.elementType(), form == Form.BLOCKS ? spec.shape() : spec.cellShape());
    }

    /** Returns type and shape of cells, written the same way. */
    String describe(DataType elementType, Shape cell) {
        return Shapes.describe(elementType, form == Form.BLOCKS ? Shapes.blockOf(cell) : cell);
    }
}
