package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.evaluation.Evaluator;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.TrainValidationSplit;

/** What one of Spark's validators was told to do. */
record Validation(List<Trial> trials, Evaluator evaluator, Splitting splitting, int parallelism) {

    /**
     * Reads a validator.
     *
     * @throws IllegalArgumentException if it is none of Spark's two, or to keep the models of all trials
     */
    static Validation of(Estimator<?> validator) {
        if (validator instanceof CrossValidator cross) {
            refuseSubModels(cross.getCollectSubModels());
            return new Validation(
                    trials(cross.getEstimator(), cross.getEstimatorParamMaps()),
                    cross.getEvaluator(),
                    new Splitting.KFold(cross.getNumFolds(), cross.getSeed(), cross.getFoldCol()),
                    cross.getParallelism());
        }
        if (validator instanceof TrainValidationSplit split) {
            refuseSubModels(split.getCollectSubModels());
            return new Validation(
                    trials(split.getEstimator(), split.getEstimatorParamMaps()),
                    split.getEvaluator(),
                    new Splitting.OneSplit(split.getTrainRatio(), split.getSeed()),
                    split.getParallelism());
        }
        throw new IllegalArgumentException(
                "Invalid validator: expected a CrossValidator or a TrainValidationSplit, found %s"
                        .formatted(validator.getClass().getName()));
    }

    private static void refuseSubModels(boolean collects) {
        if (collects) {
            throw new IllegalArgumentException(
                    "Invalid validator: expected collectSubModels false, found true. The models of all trials are not kept; call setCollectSubModels(false)");
        }
    }

    private static List<Trial> trials(Estimator<?> estimator, ParamMap[] maps) {
        List<Map<String, String>> shown = ShownParams.of(maps);
        List<Trial> trials = new ArrayList<>();
        for (int i = 0; i < maps.length; i++) {
            trials.add(Trial.of(estimator, i, maps[i], shown.get(i)));
        }
        return trials;
    }
}
