package io.tensorbridge;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.tensor.Shapes;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.tensorflow.ndarray.Shape;

/** A cell shape that a user gives to a column. */
final class ShapeDeclaration {

    private static final int MAX_BLOCK_RANK = 254; // TensorFlow aborts the process beyond

    private ShapeDeclaration() {}

    static Dataset<Row> apply(Dataset<?> df, String name, long... dimensions) {
        requireNonNull(name, "column");
        Shape shape = checked(name, dimensions);
        var columns = new ShapedColumns(df, "give column '%s' a shape".formatted(name));
        Map<Integer, long[]> shapes = new HashMap<>();
        columns.find(name).ifPresent(at -> {
            check(columns, columns.attributes().get(at), shape);
            shapes.put(at, dimensions);
        });
        columns.throwIfAny("Cannot give cells the shape " + Shapes.describe(shape));
        return columns.with(shapes);
    }

    /**
     * Returns dimensions as a shape.
     *
     * @throws IllegalArgumentException if no cell can have them
     */
    static Shape checked(String column, long... dimensions) {
        for (long dimension : dimensions) {
            if (dimension < -1) {
                throw invalid(
                        column,
                        "a dimension must be 0 or more, or -1 for unknown, found %d. Mend the dimensions"
                                .formatted(dimension));
            }
        }
        if (dimensions.length >= MAX_BLOCK_RANK) {
            throw invalid(
                    column,
                    "must have at most %d dimensions, since rows are one more, found %d. Give cells fewer dimensions"
                            .formatted(MAX_BLOCK_RANK - 1, dimensions.length));
        }
        Shape shape = Shape.of(dimensions);
        long values = 1;
        for (long dimension : dimensions) {
            values *= Math.max(1, dimension);
            if (dimension > Integer.MAX_VALUE || values > Integer.MAX_VALUE) {
                throw invalid(
                        column,
                        "must have at most %d values, found %s. Mend the dimensions, or split the cells"
                                .formatted(Integer.MAX_VALUE, Shapes.describe(shape)));
            }
        }
        return shape;
    }

    private static IllegalArgumentException invalid(String column, String why) {
        return new IllegalArgumentException("Invalid shape of column '%s': %s".formatted(column, why));
    }

    private static void check(ShapedColumns columns, Attribute column, Shape shape) {
        String type = TensorForm.nameOf(column.dataType());
        Optional<TensorForm> form = TensorForm.of(column.dataType());
        if (form.isEmpty()) {
            columns.mismatch("column '%s' of type %s has no tensor form".formatted(column.name(), type));
        } else if (!form.get().isFlat() && form.get().levels() != shape.numDimensions()) {
            columns.mismatch("column '%s' of type %s: expected %d dimensions, found %d"
                    .formatted(column.name(), type, form.get().levels(), shape.numDimensions()));
        } else if (form.get().levels() == 0 && Shapes.elements(shape) != 1) {
            columns.mismatch("column '%s' of type %s: expected a shape of one value, found %s"
                    .formatted(column.name(), type, Shapes.describe(shape)));
        }
    }
}
