package io.tensorbridge.ml;

import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.TrainValidationSplit;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;

/**
 * Tunes a pipeline as Spark's {@code CrossValidator} or {@code TrainValidationSplit} does, and runs the transformers that
 * it begins with once: not once for each fold and each map of params.
 *
 * <pre>{@code
 * var validator = new CrossValidator()
 *         .setEstimator(new Pipeline().setStages(new PipelineStage[] {featurizer, regression}))
 *         .setEstimatorParamMaps(grid)
 *         .setEvaluator(evaluator)
 *         .setParallelism(2);
 * PipelineTunerModel tuned = new PipelineTuner().setValidator(validator).fit(pictures);
 * tuned.results(spark).show();
 * }</pre>
 *
 * <p>A param map may set what it likes: on the stages behind, and on the transformers themselves, such as the program that
 * makes features. Those run once for each way they are set, all over the same rows of the input, which are read once. Rows and
 * folds are those of the validator, whose seed and {@code parallelism} hold for all trials together; with transformers that
 * keep rows in place and depend on the row alone, so are the metrics.
 *
 * <p>Only transformers before the first estimator run once, those of pipelines at the front among them: put the featurizer
 * first, and estimators such as a {@code StringIndexer} behind it.
 *
 * <p>Memory: the input, unless it is cached already, and the features are cached by Spark, in columns, memory first and then
 * disk, as long as a trial needs them. Columns of arrays, binaries and structs, such as pictures, do not stand beside the
 * features if only the transformers name them in their params; they do if a transformer of neither Spark's nor this library's
 * comes behind. Whether the tuning ends well or not, nothing stays cached that was not before. Nothing is collected but metrics.
 *
 * <p>The first trial that fails ends the others, and its params stand in the {@link TrialException}. An interrupt ends all.
 *
 * <p>A tuner is not {@code MLWritable}: it cannot be saved, nor can a {@code Pipeline} that has one as a stage. Save what it
 * makes.
 */
public final class PipelineTuner extends Estimator<PipelineTunerModel> {

    private final String uid;
    private final Param<Estimator<?>> validator;

    /** Makes a tuner, which wants a validator. */
    public PipelineTuner() {
        this(Identifiable.randomUID("tuner"));
    }

    /** Makes a tuner with a name of its own, as Spark's copying wants. */
    public PipelineTuner(String uid) {
        this.uid = uid;
        this.validator =
                new Param<>(this, "validator", "the CrossValidator or TrainValidationSplit that says what to try");
    }

    @Override
    public String uid() {
        return uid;
    }

    /** The param of {@link #setValidator}. */
    public Param<Estimator<?>> validator() {
        return validator;
    }

    /** Sets what to try: the pipeline, the param maps, the evaluator, the folds, how many trials run at once. */
    public PipelineTuner setValidator(CrossValidator value) {
        set(validator, value);
        return this;
    }

    /** Sets what to try; see {@link #setValidator(CrossValidator)}. The best model is fitted to the two parts together. */
    public PipelineTuner setValidator(TrainValidationSplit value) {
        set(validator, value);
        return this;
    }

    /**
     * Tries all param maps, and returns the best, fitted to all rows.
     *
     * @throws TrialException if a trial fails, or the best when it is fitted to all rows
     * @throws java.util.concurrent.CancellationException if the thread is interrupted, which it stays
     * @throws IllegalArgumentException if the validator is to collect sub-models, which this does not
     */
    @Override
    public PipelineTunerModel fit(Dataset<?> dataset) {
        transformSchema(dataset.schema());
        try (var tuning = new Tuning(dataset, Validation.of($(validator)))) {
            Tuning.Outcome outcome = tuning.run();
            var model = new PipelineTunerModel(uid, outcome.bestModel(), outcome.best(), outcome.results());
            return model.setParent(this);
        }
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return $(validator).transformSchema(schema);
    }

    @Override
    public PipelineTuner copy(ParamMap extra) {
        PipelineTuner copied = defaultCopy(extra);
        if (copied.isDefined(copied.validator)) {
            copied.set(copied.validator, copied.$(copied.validator).copy(extra));
        }
        return copied;
    }
}
