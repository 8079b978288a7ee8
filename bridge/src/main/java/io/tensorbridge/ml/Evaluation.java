package io.tensorbridge.ml;

import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;

/**
 * How good models are, from the columns of a DataFrame: labels, and what each model says.
 *
 * <pre>{@code
 * Evaluation evaluation = Evaluation.of(scored, "label");
 * double accuracy = evaluation.classification("guess").accuracy();
 * Map<String, Classification> both = evaluation.classifications(List.of("guess", "other_guess"));
 * }</pre>
 *
 * <p>Each call is one pass: every row is computed once, for all models that are asked for at once; what comes after works on the
 * counts of values. The rows stay where they are, and the driver gets counts, sums and points of curves alone.
 *
 * <p>What is wrong with columns is said before a job begins, what is wrong with their values afterwards, each time all at once.
 * Immutable, for use by several threads.
 */
public final class Evaluation {

    private static final int BINS = 1000; // as Spark's evaluator has it

    private final Dataset<?> df;
    private final String label;
    private final int bins;

    private Evaluation(Dataset<?> df, String label, int bins) {
        this.df = df;
        this.label = label;
        this.bins = bins;
    }

    /**
     * Returns an evaluation of what stands in a DataFrame.
     *
     * @param df the rows
     * @param label the column with what is true of them: numbers or booleans
     */
    public static Evaluation of(Dataset<?> df, String label) {
        return new Evaluation(df, label, BINS);
    }

    /**
     * Sets about how many points curves have, 1000 without this. With fewer, areas are less exact.
     *
     * @throws IllegalArgumentException if that is not positive
     */
    public Evaluation bins(int points) {
        if (points < 1) {
            throw new IllegalArgumentException("Invalid bins: must be positive, found %d".formatted(points));
        }
        return new Evaluation(df, label, points);
    }

    /**
     * Counts which labels were predicted as which.
     *
     * @param prediction the column with the predictions; these and the labels are whole numbers, of whatever type, or booleans
     * @throws IllegalArgumentException if columns are not there or of another type, hold a null or another number, or there is no
     *     row
     */
    public Classification classification(String prediction) {
        return only(classifications(List.of(prediction)));
    }

    /** Counts for several models in one pass. Returns them by column, in the order given. */
    public Map<String, Classification> classifications(List<String> predictions) {
        return new ClassificationPass(EvaluatedColumns.of(df, label, "prediction", predictions)).run();
    }

    /**
     * Follows how well scores part rows with the label 1 from rows with the label 0.
     *
     * @param score the column with the scores; the larger, the more likely is 1
     * @throws IllegalArgumentException if columns are not there or of another type, a score is null or no number, a label is
     *     neither 0 nor 1, or there are no rows of both
     */
    public BinaryClassification binaryClassification(String score) {
        return only(binaryClassifications(List.of(score)));
    }

    /** Follows several models in one pass. Returns them by column, in the order given. */
    public Map<String, BinaryClassification> binaryClassifications(List<String> scores) {
        return new BinaryPass(EvaluatedColumns.of(df, label, "score", scores), bins).run();
    }

    /**
     * Sums up the errors of predicted numbers.
     *
     * @param prediction the column with the predictions
     * @throws IllegalArgumentException if columns are not there or of another type, a value is null or no number, or there is no
     *     row
     */
    public Regression regression(String prediction) {
        return only(regressions(List.of(prediction)));
    }

    /** Sums up several models in one pass. Returns them by column, in the order given. */
    public Map<String, Regression> regressions(List<String> predictions) {
        return new RegressionPass(EvaluatedColumns.of(df, label, "prediction", predictions)).run();
    }

    private static <T> T only(Map<String, T> results) {
        return results.values().iterator().next();
    }
}
