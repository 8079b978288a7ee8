package io.tensorbridge.ml;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.tensor.Program;
import java.util.List;
import java.util.Optional;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import scala.Option;

/**
 * A stage of Spark ML that runs a program.
 *
 * <p>Setters change the stage and return it; {@code copy} makes another. Saved, a stage is its params as JSON and the files
 * of its program beside them: any stage can be loaded in another session, and from where it was moved to.
 *
 * <p>For use by one thread, as all of Spark ML's stages; what {@code transform} returns is not the stage's any more.
 *
 * @param <S> the stage itself
 */
public abstract sealed class ProgramTransformer<S extends ProgramTransformer<S>> extends Transformer
        implements MLWritable permits TensorTransformer, ImageParams {

    private static final long serialVersionUID = 1;

    private final String uid;
    private final ProgramParam program;
    private final CountParam blockRows;

    ProgramTransformer(String uid) {
        this.uid = requireNonNull(uid, "uid");
        this.program = new ProgramParam(this, "program", "the program to run");
        this.blockRows = new CountParam(this, "blockRows", "rows that the program gets at once, at most");
    }

    abstract S self();

    @Override
    public final String uid() {
        return uid;
    }

    /** Returns the param for the program. */
    public final Param<Program> program() {
        return program;
    }

    /** Sets the program to run. */
    public final S setProgram(Program value) {
        return setting(program, value);
    }

    /** Returns the program. */
    public final Program getProgram() {
        return getOrDefault(program);
    }

    /** Returns the param for the rows of a block. */
    public final IntParam blockRows() {
        return blockRows;
    }

    /** Sets how many rows the program gets at once, at most; see {@link io.tensorbridge.MapBlocks#blockRows}. */
    public final S setBlockRows(int rows) {
        return setting(blockRows, rows);
    }

    /**
     * Returns the schema that {@link #transform} gives to a DataFrame of this schema. Starts no session and no job.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if the stage does not fit such a DataFrame; the message holds
     *     every mismatch
     * @throws IllegalStateException if no Spark session is there, whose settings decide how names are compared
     */
    @Override
    public final StructType transformSchema(StructType schema) {
        Option<SparkSession> session = SparkSession.getActiveSession().orElse(SparkSession::getDefaultSession);
        if (session.isEmpty()) {
            throw new IllegalStateException(
                    "Cannot transform a schema with stage '%s': expected a Spark session, found none. Start one with SparkSession.builder()"
                            .formatted(uid));
        }
        return transform(session.get().createDataFrame(List.<Row>of(), schema)).schema();
    }

    /**
     * Returns the DataFrame with the new columns, which are computed when it is used.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if the stage does not fit it; the message holds every mismatch
     */
    @Override
    public abstract Dataset<Row> transform(Dataset<?> df);

    @Override
    public S copy(ParamMap extra) {
        return this.<S>defaultCopy(extra);
    }

    /** Returns what writes the stage. The directory has its params and its program, and nothing of Java's serialisation. */
    @Override
    public final MLWriter write() {
        return new StageWriter(this);
    }

    /** Throws if the stage holds what cannot be saved. */
    void requireSavable() {
        if (!isDefined(program)) {
            throw new IllegalStateException(
                    "Cannot save stage '%s': expected a program, found none. Give it with setProgram(…)"
                            .formatted(uid));
        }
    }

    final <T> S setting(Param<T> param, T value) {
        set(param, requireNonNull(value, param.name()));
        return self();
    }

    final <T> Optional<T> valueOf(Param<T> param) {
        return isDefined(param) ? Optional.of(getOrDefault(param)) : Optional.empty();
    }

    /** Returns the program; notes it if there is none. */
    final Optional<Program> program(StageProblems problems) {
        Optional<Program> value = valueOf(program);
        if (value.isEmpty()) {
            problems.add("expected a program, found none. Give it with setProgram(…)");
        }
        return value;
    }

    final Optional<Integer> rowsOfBlock() {
        return valueOf(blockRows).map(Integer.class::cast);
    }
}
