package io.tensorbridge.ml;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * How good the scores of a model are that tells two classes: the curves of Spark's {@code BinaryClassificationMetrics}.
 *
 * @param positives how many rows have the label 1
 * @param negatives how many rows have the label 0
 * @param roc from (0, 0) to (1, 1): the share of the negatives that score as much or more, and that of the positives
 * @param precisionRecall the recall and the precision at the same scores
 */
public record BinaryClassification(long positives, long negatives, List<Point> roc, List<Point> precisionRecall) {

    /** Takes the curves, with copies of the lists. */
    public BinaryClassification {
        roc = List.copyOf(roc);
        precisionRecall = List.copyOf(precisionRecall);
    }

    /** A point of a curve. */
    public record Point(double x, double y) {}

    /** Returns the area under the ROC curve: the chance that a positive row scores more than a negative one. */
    public double areaUnderRoc() {
        return area(roc);
    }

    /** Returns the area under the curve of precision over recall. */
    public double areaUnderPrecisionRecall() {
        return area(precisionRecall);
    }

    private static double area(List<Point> curve) {
        double area = 0;
        for (int i = 1; i < curve.size(); i++) {
            Point left = curve.get(i - 1);
            Point right = curve.get(i);
            area += (right.x() - left.x()) * (right.y() + left.y()) / 2;
        }
        return area;
    }

    /** Returns the ROC curve as a DataFrame: {@code false_positive_rate}, {@code true_positive_rate}. */
    public Dataset<Row> rocToDataFrame(SparkSession spark) {
        return toDataFrame(spark, roc, "false_positive_rate", "true_positive_rate");
    }

    /** Returns the curve of precision over recall as a DataFrame: {@code recall}, {@code precision}. */
    public Dataset<Row> precisionRecallToDataFrame(SparkSession spark) {
        return toDataFrame(spark, precisionRecall, "recall", "precision");
    }

    private static Dataset<Row> toDataFrame(SparkSession spark, List<Point> curve, String x, String y) {
        StructType schema = new StructType().add(x, DataTypes.DoubleType, false).add(y, DataTypes.DoubleType, false);
        return spark.createDataFrame(
                curve.stream()
                        .map(point -> RowFactory.create(point.x(), point.y()))
                        .toList(),
                schema);
    }
}
