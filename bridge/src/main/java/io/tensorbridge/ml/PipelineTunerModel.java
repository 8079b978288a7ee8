package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The best of all trials, fitted to all rows, and what came of each. Made by {@link PipelineTuner}.
 *
 * <p>Writing it writes {@link #bestModel} alone, which is read with {@code PipelineModel.load}; the results are a DataFrame,
 * to be kept like any other.
 */
public final class PipelineTunerModel extends Model<PipelineTunerModel> implements MLWritable {

    private static final StructType RESULTS = new StructType()
            .add("trial", DataTypes.IntegerType, false)
            .add(
                    "params",
                    DataTypes.createMapType(DataTypes.StringType, DataTypes.StringType, /* valueContainsNull= */ false),
                    false)
            .add("metric", DataTypes.DoubleType, false)
            .add("seconds", DataTypes.DoubleType, false)
            .add("featureSeconds", DataTypes.DoubleType, false)
            .add("best", DataTypes.BooleanType, false);

    private final String uid;
    private final PipelineModel bestModel;
    private final int best;
    private final List<TrialResult> results;

    PipelineTunerModel(String uid, PipelineModel bestModel, int best, List<TrialResult> results) {
        this.uid = uid;
        this.bestModel = bestModel;
        this.best = best;
        this.results = List.copyOf(results);
    }

    @Override
    public String uid() {
        return uid;
    }

    /** Returns the model of the whole pipeline: the transformers as they came out best, and what was fitted behind them. */
    public PipelineModel bestModel() {
        return bestModel;
    }

    /**
     * Returns a row for each trial, in the order of the param maps.
     *
     * <p>{@code params} is a map of the trial's params as strings, programs by their names; a param's name stands alone if no
     * other stage in the grid has one of that name, else behind its stage's. {@code metric} is the mean over the folds,
     * {@code seconds} the time of fitting and judging over all folds, {@code featureSeconds} the time of the transformers
     * before, which trials share, and {@code best} is true in one row.
     */
    public Dataset<Row> results(SparkSession spark) {
        List<Row> rows = new ArrayList<>();
        for (TrialResult result : results) {
            int trial = rows.size();
            rows.add(RowFactory.create(
                    trial, result.params(), result.metric(), result.seconds(), result.featureSeconds(), trial == best));
        }
        return spark.createDataFrame(rows, RESULTS);
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        return bestModel.transform(dataset);
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return bestModel.transformSchema(schema);
    }

    @Override
    public PipelineTunerModel copy(ParamMap extra) {
        var copied = new PipelineTunerModel(uid, bestModel.copy(extra), best, results);
        return copyValues(copied, extra).setParent(parent());
    }

    @Override
    public MLWriter write() {
        return bestModel.write();
    }
}
