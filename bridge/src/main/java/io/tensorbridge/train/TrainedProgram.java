package io.tensorbridge.train;

import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.TensorValue;
import io.tensorbridge.train.graph.TrainedPrograms;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.EpochResult;
import io.tensorbridge.train.worker.WorkerEvent.Finished;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * What came of training: the weights, and how they came about. An immutable value, without anything native.
 */
public final class TrainedProgram {

    private final TrainingProgram program;
    private final Finished end;
    private final SortedMap<String, TensorValue> values;
    private final int workers;

    TrainedProgram(TrainingProgram program, Finished end, SortedMap<String, TensorValue> values, int workers) {
        this.program = program;
        this.end = end;
        this.values = values;
        this.workers = workers;
    }

    /** Returns what was trained, with the weights that it began with. */
    public TrainingProgram trainingProgram() {
        return program;
    }

    /** Returns the epochs, in order. */
    public List<EpochResult> epochs() {
        return end.history();
    }

    /** Returns how many workers there were. */
    public int workers() {
        return workers;
    }

    /** Returns why training ended. */
    public Finished.Reason reason() {
        return end.reason();
    }

    /** Returns the trained values of all variables, by their names. */
    public SortedMap<String, TensorValue> values() {
        return values;
    }

    /**
     * Returns the program to use: from the inputs that the outputs need to the outputs, with the trained values in it.
     *
     * @throws IllegalArgumentException if the program has no outputs, or is too large for one graph
     */
    public Program program() {
        return TrainedPrograms.program(program, values);
    }

    /**
     * Saves the program and its values as a saved model of TensorFlow's, to use and to train on; see
     * {@link TrainedPrograms#save(TrainingProgram, java.util.Map, ModelTarget)}.
     *
     * @param target an empty place
     */
    public void save(ModelTarget target) {
        TrainedPrograms.save(program, values, target);
    }

    /**
     * Returns the epochs as a DataFrame: {@code epoch}, {@code step}, {@code loss}, a column for each metric, the same of the
     * validation with {@code validation_} before the name, null if there is none; {@code rate}, {@code seconds}, {@code rows},
     * {@code rows_per_second}.
     */
    public Dataset<Row> history(SparkSession spark) {
        StructType schema = new StructType()
                .add("epoch", DataTypes.IntegerType, false)
                .add("step", DataTypes.LongType, false)
                .add("loss", DataTypes.DoubleType, false);
        for (String metric : program.metrics()) {
            schema = schema.add(metric, DataTypes.DoubleType, false);
        }
        schema = schema.add("validation_loss", DataTypes.DoubleType);
        for (String metric : program.metrics()) {
            schema = schema.add("validation_" + metric, DataTypes.DoubleType);
        }
        schema = schema.add("rate", DataTypes.DoubleType, false)
                .add("seconds", DataTypes.DoubleType, false)
                .add("rows", DataTypes.LongType, false)
                .add("rows_per_second", DataTypes.DoubleType, false);
        List<Row> rows = new ArrayList<>();
        for (EpochResult epoch : end.history()) {
            List<Object> values = new ArrayList<>(List.of(epoch.epoch(), epoch.step(), epoch.loss()));
            values.addAll(epoch.metrics().values());
            values.add(epoch.validation().get("loss"));
            program.metrics().forEach(metric -> values.add(epoch.validation().get(metric)));
            values.addAll(List.of(epoch.rate(), epoch.seconds(), epoch.rows(), epoch.rows() / epoch.seconds()));
            rows.add(RowFactory.create(values.toArray()));
        }
        return spark.createDataFrame(rows, schema);
    }
}
