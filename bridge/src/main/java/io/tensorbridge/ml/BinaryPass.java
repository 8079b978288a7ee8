package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.tensorbridge.ml.BinaryClassification.Point;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.mllib.evaluation.BinaryClassificationMetrics;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;
import scala.Tuple3;
import scala.reflect.ClassTag$;

/**
 * Counts labels and scores: rows with the same two are one, in a DataFrame that Spark holds until the curves are drawn, which
 * Spark does too.
 */
final class BinaryPass {

    private static final String ROWS = "rows";

    private final EvaluatedColumns columns;
    private final int bins;

    BinaryPass(EvaluatedColumns columns, int bins) {
        this.columns = columns;
        this.bins = bins;
    }

    Map<String, BinaryClassification> run() {
        Dataset<Row> counts = columns.byModel()
                .groupBy(EvaluatedColumns.MODEL, EvaluatedColumns.LABEL, EvaluatedColumns.VALUE)
                .agg(count(lit(1)).as(ROWS));
        counts.persist(StorageLevel.MEMORY_AND_DISK());
        try {
            List<Row> totals = totals(counts);
            Map<String, BinaryClassification> results = new LinkedHashMap<>();
            for (int i = 0; i < columns.values().size(); i++) {
                results.put(columns.values().get(i), curves(counts, i, totals.get(i)));
            }
            return results;
        } finally {
            counts.unpersist();
        }
    }

    /** Returns how many rows each model has of either label, by model, if nothing is wrong with any. */
    private List<Row> totals(Dataset<Row> counts) {
        Column label = col(EvaluatedColumns.LABEL);
        Column value = col(EvaluatedColumns.VALUE);
        Column otherLabel = not(label.isin(0.0, 1.0));
        List<Row> totals = counts.groupBy(EvaluatedColumns.MODEL)
                .agg(
                        rows(label.equalTo(1.0)),
                        rows(label.equalTo(0.0)),
                        rows(label.isNull()),
                        rows(otherLabel),
                        min(when(otherLabel, label)),
                        rows(value.isNull()),
                        rows(value.isNaN()))
                .sort(EvaluatedColumns.MODEL)
                .collectAsList();
        if (totals.isEmpty()) {
            throw ValueProblems.noRows();
        }
        check(totals);
        return totals;
    }

    private static Column rows(Column where) {
        return coalesce(sum(when(where, col(ROWS))), lit(0L));
    }

    private void check(List<Row> totals) {
        var problems = new ValueProblems();
        Row first = totals.get(0);
        problems.add(
                columns.describeLabel(),
                "0 or 1",
                first.getLong(3),
                first.getLong(4),
                first.isNullAt(5) ? Double.NaN : first.getDouble(5));
        long positives = first.getLong(1);
        long negatives = first.getLong(2);
        if ((positives == 0) != (negatives == 0)) {
            problems.add("%s: expected rows with 0 and rows with 1, found %s with %d alone"
                    .formatted(
                            columns.describeLabel(),
                            ValueProblems.rows(positives + negatives),
                            positives == 0 ? 0 : 1));
        }
        for (int i = 0; i < totals.size(); i++) {
            Row row = totals.get(i);
            problems.add(columns.describe(i), "numbers", row.getLong(6), row.getLong(7), Double.NaN);
        }
        problems.throwIfAny();
    }

    private BinaryClassification curves(Dataset<Row> counts, int model, Row totals) {
        JavaRDD<Tuple3<Object, Object, Object>> scores = counts.filter(
                        col(EvaluatedColumns.MODEL).equalTo(model))
                .select(
                        col(EvaluatedColumns.VALUE),
                        col(EvaluatedColumns.LABEL),
                        col(ROWS).cast("double"))
                .toJavaRDD()
                .map(row -> new Tuple3<>(row.get(0), row.get(1), row.get(2)));
        var metrics = new BinaryClassificationMetrics(scores.rdd(), bins);
        try {
            return new BinaryClassification(
                    totals.getLong(1), totals.getLong(2), points(metrics.roc()), points(metrics.pr()));
        } finally {
            metrics.unpersist();
        }
    }

    private static List<Point> points(RDD<Tuple2<Object, Object>> curve) {
        return new JavaRDD<>(curve, ClassTag$.MODULE$.apply(Tuple2.class))
                .collect().stream()
                        .map(point -> new Point((double) point._1(), (double) point._2()))
                        .toList();
    }
}
