package io.tensorbridge.ml;

/**
 * How good a model is that gives numbers: those of Spark's {@code RegressionMetrics}.
 *
 * @param rows how many rows there are
 * @param meanSquaredError the mean of the squares of the errors
 * @param meanAbsoluteError the mean of the errors without their signs
 * @param r2 which share of the labels' variance the model explains; not a number if the labels are all the same
 * @param explainedVariance the mean of the squares of the predictions' distances from the labels' mean
 */
public record Regression(
        long rows, double meanSquaredError, double meanAbsoluteError, double r2, double explainedVariance) {

    /** Returns the root of the mean squared error, in the labels' unit. */
    public double rootMeanSquaredError() {
        return Math.sqrt(meanSquaredError);
    }
}
