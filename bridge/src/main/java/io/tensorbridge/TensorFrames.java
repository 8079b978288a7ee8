package io.tensorbridge;

import io.tensorbridge.tensor.Program;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.family.TType;

/**
 * The operations of TensorFrames: TensorFlow programs over Spark DataFrames.
 *
 * <p>Made for a static import. An operation is an immutable value: it is refined, then applied to as many DataFrames as one
 * likes, from any thread.
 */
public final class TensorFrames {

    private TensorFrames() {}

    /**
     * Returns the operation that runs a program over blocks of rows, and gives its outputs as new columns.
     *
     * <p>Shapes: an input of {@code [?, 28, 28]} is fed with a column whose cells have the shape {@code [28, 28]}; an
     * output of {@code [?, 10]} becomes a column of arrays of ten. How rows are cut into blocks is not part of the
     * contract, so a row's outputs may depend on that row alone.
     */
    public static MapBlocks mapBlocks(Program program) {
        return MapBlocks.of(program);
    }

    /**
     * Returns the operation that runs a program on every row, and gives its outputs as new columns.
     *
     * <p>Shapes: an input of {@code [28, 28]} is fed with a column whose cells have that shape; an output of {@code [10]}
     * becomes a column of arrays of ten, one of {@code []} a column of numbers. Where the program leaves a dimension open,
     * rows may differ in it.
     */
    public static MapRows mapRows(Program program) {
        return MapRows.of(program);
    }

    /**
     * Returns the operation that reduces all rows to one, a block at a time.
     *
     * <p>The program makes each output {@code x} of an input {@code x_input}, which is fed with the column {@code x}. Shapes:
     * an input of {@code [?, 3]} is reduced to an output of {@code [3]}, of the same type.
     */
    public static ReduceBlocks reduceBlocks(Program program) {
        return ReduceBlocks.of(program);
    }

    /**
     * Returns the operation that reduces all rows to one, two at a time.
     *
     * <p>The program makes each output {@code x} of two inputs {@code x_1} and {@code x_2}, all of one type and of the shape of
     * a cell; both are fed with the column {@code x}. Of the program it is asked that it be associative; it need not be
     * commutative. A single row is not reduced at all: it is the result.
     */
    public static ReduceRows reduceRows(Program program) {
        return ReduceRows.of(program);
    }

    /**
     * Learns the shapes of cells, in one pass over the rows, and returns the DataFrame with them in its columns' metadata.
     *
     * <p>Learns of all columns of arrays, binaries, and Spark ML's vectors and matrices; nested arrays to any depth. A
     * dimension in which cells differ stays unknown, as does one that is 0 in every cell. Null cells, and nulls inside of
     * cells, do not count; without anything to learn from, a column keeps what it told before. A flat column's declared
     * shape stays, if cells of the learnt length can have it, and has its one unknown dimension filled in.
     *
     * <p>The pass is a job of Spark that runs now, all else stays lazy: the result is the same plan below a projection. No
     * operation needs this where the arrays of a column are of one length anyway; it serves to know shapes on the driver,
     * before a job.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if two columns to be analysed share a name
     * @throws UnsupportedOperationException if the DataFrame is a stream, or Spark Connect's
     */
    public static Dataset<Row> analyze(Dataset<?> df) {
        return ShapeScan.ofAll(df).run();
    }

    /**
     * Learns the shapes of some columns' cells; see {@link #analyze(Dataset)}.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if a column is not there, there twice, or of a type that has
     *     no shape; the message holds every mismatch
     * @throws UnsupportedOperationException if the DataFrame is a stream, or Spark Connect's
     */
    public static Dataset<Row> analyze(Dataset<?> df, String column, String... more) {
        return ShapeScan.of(
                        df, Stream.concat(Stream.of(column), Stream.of(more)).toList())
                .run();
    }

    /**
     * Returns the DataFrame with a cell shape in a column's metadata, for all operations to come. Runs no job: whether cells
     * are of that shape is seen when they are fed.
     *
     * <p>A flat array, a binary or a vector may be given any shape; one of nested arrays, or of matrices, must have as many
     * dimensions as they do. {@link Operation#shape} says the same for one operation alone.
     *
     * @param df a DataFrame, or a Dataset of anything
     * @param column the name of the column, to the letter
     * @param dimensions the dimensions of one cell; -1 for an unknown one
     * @throws IllegalArgumentException if no tensor has such dimensions
     * @throws io.tensorbridge.tensor.SignatureMismatchException if the column is not there, there twice, or cannot have cells
     *     of that shape
     */
    public static Dataset<Row> withShape(Dataset<?> df, String column, long... dimensions) {
        return ShapeDeclaration.apply(df, column, dimensions);
    }

    /**
     * Describes the columns of a DataFrame as tensors, in the manner of Spark's own {@code printSchema}: the first dimension
     * counts rows, {@code ?} is an unknown one. Runs no job.
     */
    public static String explain(Dataset<?> df) {
        return TensorSchema.of(df);
    }

    /** Prints to standard output what {@link #explain} returns. */
    public static void printSchema(Dataset<?> df) {
        System.out.println(explain(df));
    }

    /**
     * Returns the operation that reduces the rows of each group to one row.
     *
     * <p>The program is a reduction of blocks by TensorFrames' convention: it makes an output {@code x} of an input
     * {@code x_input} of shape {@code [?, cell]}, which is fed with the column {@code x}. It must be a reduction: what it
     * makes of all rows of a group is what it makes of the rows that it has made of the group's parts, however the group is
     * divided and in whatever order. Every group goes through it at least once, one of a single row too.
     */
    public static Aggregate aggregate(Program program) {
        return Aggregate.of(program);
    }

    /**
     * Makes a program over blocks a function of SQL; see {@link #register(SparkSession, String, MapOperation)}.
     *
     * @param program a program as for {@link #mapBlocks}
     */
    public static void register(SparkSession spark, String name, Program program) {
        register(spark, name, mapBlocks(program));
    }

    /**
     * Makes an operation a function of SQL: {@code SELECT name(column, …) FROM table}, wherever Spark takes an expression.
     *
     * <p>Its parameters are the columns that the operation would be fed with, in the order of the program's inputs; {@code
     * feed}, {@code shape} and {@code onNull} speak of them by these names. A call's arguments are bound to them when a query
     * is analysed, as the columns of a DataFrame would be: nothing is converted. The result is the output's, or a struct of
     * all outputs in fetch order if there are several. A row with a null in an argument is an error, unless the operation
     * says {@code onNull(fill(…))}; or it makes a struct of nulls and the reason, if the operation says {@code reasons(…)}.
     *
     * <p>The program runs block by block, as {@link #mapBlocks} does, and once for all calls that are the same. A program
     * that draws random numbers makes a function that is not deterministic.
     *
     * <p>The function belongs to this session, as those that Spark registers, and takes the place of one of that name:
     * queries that were analysed before keep the program they have.
     *
     * @param spark a session of the driver's own process
     * @param name the function's name, which Spark does not tell apart by case
     * @param operation any that gives a value for each row: without {@code trim()}, without {@code dropRow()}
     * @throws io.tensorbridge.tensor.SignatureMismatchException if the operation cannot be a function; the message holds
     *     every reason
     * @throws UnsupportedOperationException if the session is Spark Connect's
     */
    public static void register(SparkSession spark, String name, MapOperation<?> operation) {
        SqlFunction.register(spark, name, operation);
    }

    /**
     * Adds an input to a program under construction; see {@link Program#placeholder}.
     *
     * @param tf the graph's operations
     * @param name the name of the input
     * @param type the type of its elements
     * @param shape the shape of a whole block, such as {@code Shape.of(-1, 3)}
     */
    public static <T extends TType> Placeholder<T> placeholder(Ops tf, String name, Class<T> type, Shape shape) {
        return Program.placeholder(tf, name, type, shape);
    }

    /** Names the first output of a program under construction; see {@link Program#outputs}. */
    public static Program.Outputs outputs(String name, Operand<?> tensor) {
        return Program.outputs(name, tensor);
    }
}
