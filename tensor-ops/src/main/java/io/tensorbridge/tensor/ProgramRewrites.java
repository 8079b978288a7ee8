package io.tensorbridge.tensor;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Makes programs of programs: one over the rows of a block out of one over a cell, and such.
 *
 * <p>A rewritten program is a program like any other, named like the one it was made of and with a digest of its own.
 * Making one runs no session; a program remembers what was made of it, so that to ask again costs nothing.
 *
 * <p>TensorFlow puts what the rows give into one tensor, so all rows of a block must give one shape. Where they differ, the
 * run fails with {@code Mismatch in function retval shape, [2], and expected output shape, [3]}.
 *
 * <p>Safe for use by several threads.
 */
public final class ProgramRewrites {

    /** The input that says how many rows to make, of a program over rows that has no other: {@code int32[]}. */
    public static final String ROW_COUNT = "tensorbridge_rows";

    /** The input that says which rows make up each group, of a stacked program: {@code int32[k, s]}. */
    public static final String GROUPS = "tensorbridge_groups";

    /** The input that says to which segment each row belongs, of a segmented program: {@code int32[n]}. */
    public static final String SEGMENTS = "tensorbridge_segments";

    /** The input that says how many segments there are, of a segmented program: {@code int32[]}. */
    public static final String SEGMENT_COUNT = "tensorbridge_segment_count";

    private ProgramRewrites() {}

    /**
     * Two inputs of a program that combines two rows, and the output that takes their place.
     *
     * @param first the input for the row that comes first, such as {@code x_1}
     * @param second the input for the row that comes second, such as {@code x_2}
     * @param output the output, such as {@code x}
     */
    public record Pair(String first, String second, String output) {}

    /**
     * Makes a program over blocks out of one over the cells of a row.
     *
     * <p>Inputs of shape {@code [3]} become inputs of shape {@code [?, 3]}, outputs likewise; unknown ranks stay unknown.
     * Inputs that no output needs are dropped. A program without any input gets {@link #ROW_COUNT}, and runs once per row
     * all the same.
     *
     * @throws ProgramException if TensorFlow cannot make a function of the program
     */
    public static Program overRows(Program program) {
        return overRows(
                program,
                program.signature().outputs().stream().map(TensorSpec::name).toList(),
                Set.of());
    }

    /**
     * Makes a program over blocks out of some outputs of one over the cells of a row, so that rows compute no others.
     *
     * @param outputs names of outputs, in the order in which the result has them
     * @param shared names of inputs that are the same for all rows, and stay as they are
     * @throws IllegalArgumentException if the program has no such output, or none is named
     * @throws ProgramException if TensorFlow cannot make a function of the program
     */
    public static Program overRows(Program program, List<String> outputs, Set<String> shared) {
        return program.remembered(
                List.of("overRows", List.copyOf(outputs), Set.copyOf(shared)),
                () -> RowProgram.of(program.restrictedTo(outputs), shared));
    }

    /**
     * Makes a program that halves a block out of one that combines two rows.
     *
     * <p>For every pair it has an input named after the pair's output and {@code _input}, of shape {@code [n, cell]}, and
     * the output, of shape {@code [(n + 1) / 2, cell]}: rows 0 and 1 combined, rows 2 and 3, and so on in order, and an odd
     * last row as it is. Hence one row gives itself, and none gives none.
     *
     * @param pairs a pair for every output of the program, in the order in which the result has them
     * @throws IllegalArgumentException if the pairs are not those of the program, or differ in their types
     * @throws ProgramException if TensorFlow cannot make a function of the program
     */
    public static Program pairs(Program program, List<Pair> pairs) {
        return program.remembered(List.of("pairs", List.copyOf(pairs)), () -> PairProgram.of(program, pairs));
    }

    /**
     * Makes a program that reduces several groups of rows out of one that reduces a block.
     *
     * <p>It has the same inputs, of which each row may be in any number of groups, and {@link #GROUPS}: {@code k} times
     * {@code s} row numbers. Its outputs are of shape {@code [k, cell]}, a row for each group.
     *
     * @throws IllegalArgumentException if the program has no inputs, or one whose rank is known to be 0
     * @throws ProgramException if TensorFlow cannot make a function of the program
     */
    public static Program stacked(Program program) {
        return program.remembered("stacked", () -> StackedProgram.of(program));
    }

    /**
     * Makes a program that reduces all segments of a block at once out of one that reduces a block, if it can.
     *
     * <p>It can if every output is the sum, the product, the least or the greatest of an input over its rows, and the
     * program is a graph. The result has the same inputs, {@link #SEGMENTS} and {@link #SEGMENT_COUNT}, and outputs of
     * shape {@code [count, cell]}. A segment without rows is a row of TensorFlow's own: 0, 1, or the type's greatest or
     * least number.
     */
    public static Optional<Program> segmented(Program program) {
        return program.remembered("segmented", () -> SegmentedProgram.of(program));
    }
}
