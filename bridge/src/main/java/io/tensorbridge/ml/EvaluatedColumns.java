package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;

/**
 * The columns that are evaluated, which are there and of numbers.
 *
 * @param df the rows
 * @param label the column of labels
 * @param kind what the others are, as messages call it
 * @param values the others, one of each model
 */
record EvaluatedColumns(Dataset<?> df, String label, String kind, List<String> values) {

    static final String MODEL = "model";
    static final String LABEL = "label";
    static final String VALUE = "value";

    /**
     * Looks at the columns.
     *
     * @throws IllegalArgumentException if there is anything against them; the message holds all of it
     */
    static EvaluatedColumns of(Dataset<?> df, String label, String kind, List<String> values) {
        List<String> problems = new ArrayList<>();
        if (values.isEmpty()) {
            problems.add("expected the column of a %s or more, found none".formatted(kind));
        }
        if (new HashSet<>(values).size() < values.size()) {
            problems.add("expected each %s once, found %s".formatted(kind, values));
        }
        check(df, LABEL, label, problems);
        values.forEach(value -> check(df, kind, value, problems));
        throwIfAny(problems);
        return new EvaluatedColumns(df, label, kind, List.copyOf(values));
    }

    private static void check(Dataset<?> df, String kind, String name, List<String> problems) {
        List<StructField> fields = new ArrayList<>();
        for (StructField field : df.schema().fields()) {
            if (HiddenColumns.isSame(df, field.name(), name)) {
                fields.add(field);
            }
        }
        if (fields.size() != 1) {
            problems.add("%s '%s': expected one column of that name, found %s among %s"
                    .formatted(kind, name, fields.isEmpty() ? "none" : "" + fields.size(), List.of(df.columns())));
            return;
        }
        DataType type = fields.get(0).dataType();
        if (!(type instanceof NumericType || type instanceof BooleanType)) {
            problems.add(
                    "%s '%s': expected a column of numbers or booleans, found %s. Make a number of it with select(…) before"
                            .formatted(kind, name, type.catalogString()));
        }
    }

    static void throwIfAny(List<String> problems) {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot evaluate this DataFrame:\n  - " + String.join("\n  - ", problems));
        }
    }

    /** Returns the labels as doubles. */
    Column labels() {
        return number(label);
    }

    /** Returns the values of a model as doubles. */
    Column values(int model) {
        return number(values.get(model));
    }

    private static Column number(String name) {
        return col(HiddenColumns.quoted(name)).cast(DataTypes.DoubleType);
    }

    /** Returns a row for each row and model: {@value #MODEL}, its number, {@value #LABEL} and {@value #VALUE} as doubles. */
    Dataset<Row> byModel() {
        List<Column> models = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            models.add(struct(lit(i).as(MODEL), values(i).as(VALUE)));
        }
        return df.select(
                        labels().as(LABEL),
                        explode(array(models.toArray(Column[]::new))).as("each"))
                .select(col("each." + MODEL), col(LABEL), col("each." + VALUE));
    }

    /** Returns how messages speak of a model's column. */
    String describe(int model) {
        return "%s '%s'".formatted(kind, values.get(model));
    }

    String describeLabel() {
        return "label '%s'".formatted(label);
    }
}
