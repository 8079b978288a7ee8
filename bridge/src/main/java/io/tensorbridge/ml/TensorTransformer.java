package io.tensorbridge.ml;

import static io.tensorbridge.TensorFrames.mapBlocks;

import io.tensorbridge.MapBlocks;
import io.tensorbridge.arrow.NullPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Any program as a stage of Spark ML: {@code mapBlocks} with params.
 *
 * <pre>{@code
 * var scores = new TensorTransformer()
 *         .setProgram(iris)
 *         .feed("features", "measurements")
 *         .fetch("probability", "score")
 *         .asVector("score");
 * }</pre>
 *
 * <p>All outputs that are fetched come of one run of the program over a block. A program over rows is run with
 * {@code setProgram(program.perRow())}.
 */
public final class TensorTransformer extends ProgramTransformer<TensorTransformer> {

    private static final long serialVersionUID = 1;

    private final MapParam feeds;
    private final MapParam fetches;
    private final MapParam shapes;
    private final NamesParam vectors;
    private final ChoiceParam<OnNull> onNull;
    private final DoubleParam fillValue;

    /** What becomes of nulls in the columns that are fed. */
    public enum OnNull {
        /** A null is an error that names column and row. */
        FAIL,
        /** Rows with a null are left out. */
        DROP,
        /** The program sees {@code fillValue} in its place. */
        FILL
    }

    /** Creates a stage without a program. */
    public TensorTransformer() {
        this(Identifiable.randomUID("tensorTransformer"));
    }

    /**
     * Creates a stage without a program.
     *
     * @param uid what names the stage within a pipeline
     */
    public TensorTransformer(String uid) {
        super(uid);
        feeds = new MapParam(this, "feeds", "columns by the inputs that they feed; other inputs are fed by name");
        fetches = new MapParam(
                this,
                "fetches",
                "new columns by the outputs that they hold; none for all outputs under their own names");
        shapes = new MapParam(this, "shapes", "shapes of cells by column, such as 28,28,1, with -1 where unknown");
        vectors = new NamesParam(this, "vectors", "new columns that are given as vectors");
        onNull = new ChoiceParam<>(this, "onNull", "what becomes of nulls that are fed", OnNull.class);
        fillValue = new DoubleParam(this, "fillValue", "the number that the program sees for a null");
        setDefault(feeds, Map.of());
        setDefault(fetches, Map.of());
        setDefault(shapes, Map.of());
        setDefault(vectors, List.of());
        setDefault(onNull, ChoiceParam.nameOf(OnNull.FAIL));
        setDefault(fillValue, 0.0);
    }

    /** Returns what reads a stage that was saved. */
    public static MLReader<TensorTransformer> read() {
        return new StageReader<>(TensorTransformer.class, TensorTransformer::new);
    }

    /** Reads a stage that was saved. */
    public static TensorTransformer load(String path) {
        return read().load(path);
    }

    @Override
    TensorTransformer self() {
        return this;
    }

    /** Returns the param for columns by input. */
    public Param<Map<String, String>> feeds() {
        return feeds;
    }

    /** Sets which columns feed which inputs: columns by input. */
    public TensorTransformer setFeeds(Map<String, String> columnOfInput) {
        return setting(feeds, MapParam.copyOf(columnOfInput));
    }

    /** Feeds an input with a column. An input that is not mentioned is fed with the column of its own name. */
    public TensorTransformer feed(String input, String column) {
        return setting(feeds, MapParam.with(getOrDefault(feeds), input, column));
    }

    /** Returns the param for columns by output. */
    public Param<Map<String, String>> fetches() {
        return fetches;
    }

    /** Sets which outputs become which columns: columns by output, in the order in which they are appended. */
    public TensorTransformer setFetches(Map<String, String> columnOfOutput) {
        return setting(fetches, MapParam.copyOf(columnOfOutput));
    }

    /** Fetches an output as a column. Without any, all outputs are fetched under their own names. */
    public TensorTransformer fetch(String output, String column) {
        return setting(fetches, MapParam.with(getOrDefault(fetches), output, column));
    }

    /** Returns the param for shapes of cells. */
    public Param<Map<String, String>> shapes() {
        return shapes;
    }

    /** Says what shape the cells of a column have, fed or new; see {@link MapBlocks#shape}. */
    public TensorTransformer shape(String column, long... dimensions) {
        return setting(shapes, MapParam.with(getOrDefault(shapes), column, shapeOf(dimensions)));
    }

    static String shapeOf(long... dimensions) {
        return LongStream.of(dimensions).mapToObj(Long::toString).collect(Collectors.joining(","));
    }

    /** Returns the param for the new columns that are given as vectors. */
    public Param<List<String>> vectors() {
        return vectors;
    }

    /** Gives a new column of arrays of floats or doubles as vectors; see {@link MapBlocks#asVector}. */
    public TensorTransformer asVector(String column) {
        List<String> more = new ArrayList<>(getOrDefault(vectors));
        more.add(column);
        return setting(vectors, List.copyOf(more));
    }

    /** Returns the param for what becomes of nulls. */
    public Param<String> onNull() {
        return onNull;
    }

    /** Sets what becomes of nulls in the columns that are fed; without it they are errors. */
    public TensorTransformer setOnNull(OnNull policy) {
        return setting(onNull, ChoiceParam.nameOf(policy));
    }

    /** Returns the param for the number in place of nulls. */
    public DoubleParam fillValue() {
        return fillValue;
    }

    /** Has the program see this number for nulls. Nulls of strings are to be filled in the DataFrame. */
    public TensorTransformer setFillValue(double value) {
        return setting(fillValue, value).setOnNull(OnNull.FILL);
    }

    @Override
    public Dataset<Row> transform(Dataset<?> df) {
        var problems = new StageProblems(uid());
        program(problems);
        problems.throwIfAny();
        return operation().apply(df);
    }

    private MapBlocks operation() {
        MapBlocks operation = mapBlocks(getProgram()).onNull(nullPolicy());
        for (var feed : getOrDefault(feeds).entrySet()) {
            operation = operation.feed(feed.getKey(), feed.getValue());
        }
        for (var fetch : getOrDefault(fetches).entrySet()) {
            operation = operation.fetch(fetch.getKey(), fetch.getValue());
        }
        for (var shape : getOrDefault(shapes).entrySet()) {
            operation = operation.shape(shape.getKey(), dimensions(shape.getKey(), shape.getValue()));
        }
        for (String column : getOrDefault(vectors)) {
            operation = operation.asVector(column);
        }
        return rowsOfBlock().map(operation::blockRows).orElse(operation);
    }

    private NullPolicy nullPolicy() {
        return nullPolicy(onNull.choice(getOrDefault(onNull)), (Number) getOrDefault(fillValue));
    }

    static NullPolicy nullPolicy(OnNull onNull, Number fillValue) {
        return switch (onNull) {
            case FAIL -> NullPolicy.fail();
            case DROP -> NullPolicy.dropRow();
            case FILL -> NullPolicy.fill(fillValue);
        };
    }

    static long[] dimensions(String column, String shape) {
        try {
            return shape.isEmpty()
                    ? new long[0]
                    : Arrays.stream(shape.split(",", -1))
                            .mapToLong(dimension -> Long.parseLong(dimension.strip()))
                            .toArray();
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "Invalid shape of column '%s': must be numbers with commas between, found '%s'"
                            .formatted(column, shape),
                    e);
        }
    }
}
