package io.tensorbridge;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.internal.plan.MapBlocksPlanner;
import io.tensorbridge.tensor.Program;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.tensorflow.ndarray.Shape;

/**
 * Runs a program over blocks of rows, and gives its outputs as new columns.
 *
 * <p>Immutable: each refinement returns another operation. Made by {@link TensorFrames#mapBlocks}.
 */
public final class MapBlocks {

    private final Program program;
    private final Map<String, String> feeds;
    private final Map<String, String> fetches;
    private final Map<String, Shape> shapes;
    private final Map<String, NullPolicy> nullPolicies;
    private final NullPolicy nullPolicy;
    private final OptionalInt blockRows;
    private final boolean trimmed;

    private MapBlocks(
            Program program,
            Map<String, String> feeds,
            Map<String, String> fetches,
            Map<String, Shape> shapes,
            Map<String, NullPolicy> nullPolicies,
            NullPolicy nullPolicy,
            OptionalInt blockRows,
            boolean trimmed) {
        this.program = program;
        this.feeds = feeds;
        this.fetches = fetches;
        this.shapes = shapes;
        this.nullPolicies = nullPolicies;
        this.nullPolicy = nullPolicy;
        this.blockRows = blockRows;
        this.trimmed = trimmed;
    }

    static MapBlocks of(Program program) {
        requireNonNull(program, "program");
        return new MapBlocks(
                program, Map.of(), Map.of(), Map.of(), Map.of(), NullPolicy.fail(), OptionalInt.empty(), false);
    }

    /** Feeds an input with a column. An input that is not mentioned is fed with the column of its own name. */
    public MapBlocks feed(String input, String column) {
        return new MapBlocks(
                program, with(feeds, input, column), fetches, shapes, nullPolicies, nullPolicy, blockRows, trimmed);
    }

    /**
     * Fetches an output as a column of another name.
     *
     * <p>Without any {@code fetch} all outputs are fetched, under their own names; with one or more, only those, in the
     * order of the calls.
     */
    public MapBlocks fetch(String output, String column) {
        return new MapBlocks(
                program, feeds, with(fetches, output, column), shapes, nullPolicies, nullPolicy, blockRows, trimmed);
    }

    /** Fetches an output under its own name; see {@link #fetch(String, String)}. */
    public MapBlocks fetch(String output) {
        return fetch(output, output);
    }

    /**
     * Says what shape the cells of a column have, fed or new.
     *
     * <p>For a flat array or a binary whose cells mean more than one dimension: {@code shape("pixels", 28, 28, 1)}.
     *
     * @param column the column
     * @param dimensions the dimensions of one cell; -1 for an unknown one
     */
    public MapBlocks shape(String column, long... dimensions) {
        requireNonNull(column, "column");
        for (long dimension : dimensions) {
            if (dimension < -1) {
                throw new IllegalArgumentException(
                        "Invalid shape of column '%s': a dimension must be 0 or more, or -1 for unknown, found %d"
                                .formatted(column, dimension));
            }
        }
        return new MapBlocks(
                program,
                feeds,
                fetches,
                with(shapes, column, Shape.of(dimensions)),
                nullPolicies,
                nullPolicy,
                blockRows,
                trimmed);
    }

    /** Says what becomes of nulls in the columns that are fed; without it they are errors. */
    public MapBlocks onNull(NullPolicy policy) {
        requireNonNull(policy, "policy");
        return new MapBlocks(program, feeds, fetches, shapes, nullPolicies, policy, blockRows, trimmed);
    }

    /** Says what becomes of nulls in one column, whatever holds for the others. */
    public MapBlocks onNull(String column, NullPolicy policy) {
        return new MapBlocks(
                program, feeds, fetches, shapes, with(nullPolicies, column, policy), nullPolicy, blockRows, trimmed);
    }

    /**
     * Sets how many rows a block has at most.
     *
     * <p>Larger blocks use TensorFlow better and more memory. Blocks are bounded in bytes and in time as well, see
     * {@link TensorFramesOptions}. The default is the session's {@value TensorFramesOptions#BLOCK_ROWS}.
     */
    public MapBlocks blockRows(int rows) {
        if (rows < 1) {
            throw new IllegalArgumentException("Invalid block size: must be positive, found %d".formatted(rows));
        }
        return new MapBlocks(program, feeds, fetches, shapes, nullPolicies, nullPolicy, OptionalInt.of(rows), trimmed);
    }

    /** Gives the new columns alone, without the input's; only then may the program change the number of rows. */
    public MapBlocks trim() {
        return new MapBlocks(program, feeds, fetches, shapes, nullPolicies, nullPolicy, blockRows, /* trimmed= */ true);
    }

    /**
     * Returns the DataFrame with the new columns, which are computed when it is used.
     *
     * @param df a DataFrame, or a Dataset of anything
     * @throws io.tensorbridge.tensor.SignatureMismatchException if program and DataFrame do not fit; the message holds
     *     every mismatch
     */
    public Dataset<Row> apply(Dataset<?> df) {
        var bound = new Binder(this, df).bind();
        return MapBlocksPlanner.plan(df, bound);
    }

    /**
     * Describes how this would run on a DataFrame: what is bound to what, what is copied, how large a block is, on which
     * device. Starts no job and no session.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if program and DataFrame do not fit
     */
    public String explain(Dataset<?> df) {
        return Explanation.of(new Binder(this, df).bind());
    }

    Program program() {
        return program;
    }

    Map<String, String> feeds() {
        return feeds;
    }

    /** Returns outputs and their columns in order; empty if all outputs are wanted. */
    Map<String, String> fetches() {
        return fetches;
    }

    Map<String, Shape> shapes() {
        return shapes;
    }

    Map<String, NullPolicy> nullPolicies() {
        return nullPolicies;
    }

    NullPolicy nullPolicy() {
        return nullPolicy;
    }

    OptionalInt blockRows() {
        return blockRows;
    }

    boolean isTrimmed() {
        return trimmed;
    }

    private static <V> Map<String, V> with(Map<String, V> map, String key, V value) {
        requireNonNull(key, "name");
        requireNonNull(value, "value");
        Map<String, V> more = new LinkedHashMap<>(map);
        Optional.ofNullable(more.put(key, value)).ifPresent(before -> {
            throw new IllegalArgumentException(
                    "Cannot set '%s' to '%s': it was already set to '%s'".formatted(key, value, before));
        });
        return more;
    }
}
