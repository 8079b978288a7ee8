package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.var_pop;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;

/** Sums up labels and predictions, and their distances, of all models in one aggregation. */
final class RegressionPass {

    private static final String EXPECTED = "finite numbers";
    private static final int OF_COLUMN = 5; // aggregates of the labels, and of each model's values
    private static final int OF_MODEL = OF_COLUMN + 2;

    private final EvaluatedColumns columns;

    RegressionPass(EvaluatedColumns columns) {
        this.columns = columns;
    }

    Map<String, Regression> run() {
        List<Column> all = new ArrayList<>();
        Column labels = columns.labels();
        addAggregates(all, labels);
        for (int i = 0; i < columns.values().size(); i++) {
            Column values = columns.values(i);
            addAggregates(all, values);
            Column error = values.minus(labels);
            all.add(avg(error.multiply(error)));
            all.add(avg(abs(error)));
        }
        Row sums = columns.df()
                .agg(count(lit(1)), all.toArray(Column[]::new))
                .collectAsList()
                .get(0);
        long rows = sums.getLong(0);
        if (rows == 0) {
            throw ValueProblems.noRows();
        }
        check(sums, rows);
        double meanLabel = sums.getDouble(4);
        double labelVariance = sums.getDouble(5);
        Map<String, Regression> results = new LinkedHashMap<>();
        for (int i = 0; i < columns.values().size(); i++) {
            int at = at(i);
            double mean = sums.getDouble(at + 3);
            double meanSquare = sums.getDouble(at + OF_COLUMN);
            double explained = sums.getDouble(at + 4) + (mean - meanLabel) * (mean - meanLabel);
            double r2 = labelVariance == 0 ? Double.NaN : 1 - meanSquare / labelVariance;
            results.put(
                    columns.values().get(i),
                    new Regression(rows, meanSquare, sums.getDouble(at + OF_COLUMN + 1), r2, explained));
        }
        return results;
    }

    /** Returns where the aggregates of a model's values begin. */
    private static int at(int model) {
        return 1 + OF_COLUMN + model * OF_MODEL;
    }

    private static void addAggregates(List<Column> all, Column numbers) {
        Column isNone = not(abs(numbers).lt(Double.POSITIVE_INFINITY)); // for null it is null
        all.add(count(numbers));
        all.add(count(when(isNone, 1)));
        all.add(min(when(isNone, numbers)));
        all.add(avg(numbers));
        all.add(var_pop(numbers));
    }

    private void check(Row sums, long rows) {
        var problems = new ValueProblems();
        check(problems, columns.describeLabel(), sums, 1, rows);
        for (int i = 0; i < columns.values().size(); i++) {
            check(problems, columns.describe(i), sums, at(i), rows);
        }
        problems.throwIfAny();
    }

    private static void check(ValueProblems problems, String column, Row sums, int at, long rows) {
        problems.add(
                column,
                EXPECTED,
                rows - sums.getLong(at),
                sums.getLong(at + 1),
                sums.isNullAt(at + 2) ? Double.NaN : sums.getDouble(at + 2));
    }
}
