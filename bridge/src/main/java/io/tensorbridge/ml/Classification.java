package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * How good a model is that tells classes: the numbers of Spark's {@code MulticlassMetrics}.
 *
 * @param rows how many rows there are
 * @param accuracy the share whose prediction is their label
 * @param byLabel each label that rows have, in order
 * @param confusion how often which prediction was given for which label
 */
public record Classification(long rows, double accuracy, List<OfLabel> byLabel, ConfusionMatrix confusion) {

    /** Takes the numbers, with a copy of the list. */
    public Classification {
        byLabel = List.copyOf(byLabel);
    }

    /**
     * One label against all others.
     *
     * @param label which one
     * @param rows how many rows have it
     * @param precision the share of these among the rows that it was predicted for; 0 if there are none
     * @param recall the share that it was predicted for among the rows that have it
     * @param f1 the harmonic mean of the two
     */
    public record OfLabel(long label, long rows, double precision, double recall, double f1) {}

    static Classification of(ConfusionMatrix confusion) {
        Map<Long, Long> labelled = new HashMap<>();
        Map<Long, Long> predicted = new HashMap<>();
        Map<Long, Long> right = new HashMap<>();
        for (ConfusionMatrix.Cell cell : confusion.cells()) {
            labelled.merge(cell.label(), cell.rows(), Long::sum);
            predicted.merge(cell.prediction(), cell.rows(), Long::sum);
            if (cell.label() == cell.prediction()) {
                right.merge(cell.label(), cell.rows(), Long::sum);
            }
        }
        List<OfLabel> byLabel = new ArrayList<>();
        for (long label : confusion.labels()) {
            Long rows = labelled.get(label);
            if (rows != null) {
                double precision = share(right.getOrDefault(label, 0L), predicted.getOrDefault(label, 0L));
                double recall = share(right.getOrDefault(label, 0L), rows);
                double f1 = precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
                byLabel.add(new OfLabel(label, rows, precision, recall, f1));
            }
        }
        long all = sum(labelled);
        return new Classification(all, share(sum(right), all), byLabel, confusion);
    }

    private static long sum(Map<Long, Long> rows) {
        return rows.values().stream().mapToLong(Long::longValue).sum();
    }

    private static double share(long rows, long all) {
        return all == 0 ? 0 : (double) rows / all;
    }

    /** Returns the mean of the labels' precisions, each by its rows. */
    public double weightedPrecision() {
        return weighted(OfLabel::precision);
    }

    /** Returns the mean of the labels' recalls, each by its rows; that is the accuracy. */
    public double weightedRecall() {
        return weighted(OfLabel::recall);
    }

    /** Returns the mean of the labels' F1, each by its rows. */
    public double weightedF1() {
        return weighted(OfLabel::f1);
    }

    private double weighted(ToDoubleFunction<OfLabel> number) {
        return byLabel.stream()
                .mapToDouble(label -> number.applyAsDouble(label) * label.rows() / rows)
                .sum();
    }

    /** Returns the labels as a DataFrame: {@code label}, {@code rows}, {@code precision}, {@code recall}, {@code f1}. */
    public Dataset<Row> toDataFrame(SparkSession spark) {
        StructType schema = new StructType()
                .add("label", DataTypes.LongType, false)
                .add("rows", DataTypes.LongType, false)
                .add("precision", DataTypes.DoubleType, false)
                .add("recall", DataTypes.DoubleType, false)
                .add("f1", DataTypes.DoubleType, false);
        return spark.createDataFrame(
                byLabel.stream()
                        .map(label -> RowFactory.create(
                                label.label(), label.rows(), label.precision(), label.recall(), label.f1()))
                        .toList(),
                schema);
    }
}
