package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/** Counts labels and predictions: rows with the same two are one group, and with them those that are no whole numbers. */
final class ClassificationPass {

    private static final String EXPECTED = "whole numbers";
    private static final double LARGEST = 0x1p53; // from here on not every whole number is a double

    private final EvaluatedColumns columns;

    ClassificationPass(EvaluatedColumns columns) {
        this.columns = columns;
    }

    /** A group of rows; the keys are null for all values that are no whole numbers, nulls among them. */
    private record Group(Row row) {

        int model() {
            return row.getInt(0);
        }

        boolean isWhole() {
            return !row.isNullAt(1) && !row.isNullAt(2);
        }

        ConfusionMatrix.Cell cell() {
            return new ConfusionMatrix.Cell(row.getLong(1), row.getLong(2), row.getLong(3));
        }

        /** Notes what is wrong with the labels, key 0, or the values, key 1. */
        Bad bad(int key) {
            if (!row.isNullAt(1 + key)) {
                return Bad.NONE;
            }
            long present = row.getLong(4 + key);
            return new Bad(row.getLong(3) - present, present, present == 0 ? Double.NaN : row.getDouble(6 + key));
        }
    }

    /** How many rows have a null, and how many another value that is not to be. */
    private record Bad(long nulls, long others, double example) {
        static final Bad NONE = new Bad(0, 0, Double.NaN);

        Bad and(Bad other) {
            return new Bad(
                    nulls + other.nulls,
                    others + other.others,
                    Double.compare(example, other.example) < 0 ? example : other.example);
        }
    }

    Map<String, Classification> run() {
        Column rows = count(lit(1));
        List<Group> groups = columns
                .byModel()
                .groupBy(
                        col(EvaluatedColumns.MODEL),
                        whole(EvaluatedColumns.LABEL).as("wholeLabel"),
                        whole(EvaluatedColumns.VALUE).as("wholeValue"))
                .agg(
                        rows,
                        count(col(EvaluatedColumns.LABEL)),
                        count(col(EvaluatedColumns.VALUE)),
                        min(col(EvaluatedColumns.LABEL)),
                        min(col(EvaluatedColumns.VALUE)))
                .collectAsList()
                .stream()
                .map(Group::new)
                .toList();
        if (groups.isEmpty()) {
            throw ValueProblems.noRows();
        }
        check(groups);
        Map<String, Classification> results = new LinkedHashMap<>();
        for (int i = 0; i < columns.values().size(); i++) {
            results.put(columns.values().get(i), Classification.of(confusion(groups, i)));
        }
        return results;
    }

    private static Column whole(String name) {
        Column number = col(name);
        return when(number.equalTo(floor(number)).and(abs(number).lt(LARGEST)), number.cast(DataTypes.LongType));
    }

    private void check(List<Group> groups) {
        var problems = new ValueProblems();
        Bad labels = bad(groups, 0, 0);
        problems.add(columns.describeLabel(), EXPECTED, labels.nulls(), labels.others(), labels.example());
        for (int i = 0; i < columns.values().size(); i++) {
            Bad values = bad(groups, i, 1);
            problems.add(columns.describe(i), EXPECTED, values.nulls(), values.others(), values.example());
        }
        problems.throwIfAny();
    }

    private static Bad bad(List<Group> groups, int model, int key) {
        return groups.stream()
                .filter(group -> group.model() == model)
                .map(group -> group.bad(key))
                .reduce(Bad.NONE, Bad::and);
    }

    private static ConfusionMatrix confusion(List<Group> groups, int model) {
        List<ConfusionMatrix.Cell> cells = new ArrayList<>();
        for (Group group : groups) {
            if (group.model() == model && group.isWhole()) {
                cells.add(group.cell());
            }
        }
        cells.sort(
                Comparator.comparingLong(ConfusionMatrix.Cell::label).thenComparing(ConfusionMatrix.Cell::prediction));
        return new ConfusionMatrix(cells);
    }
}
