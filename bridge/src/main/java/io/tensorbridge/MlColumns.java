package io.tensorbridge;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.internal.ml.MlTypes;
import io.tensorbridge.internal.ml.MlValues;
import io.tensorbridge.internal.plan.Projections;
import io.tensorbridge.tensor.Shapes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.unsafe.types.UTF8String;
import org.tensorflow.ndarray.Shape;

/** Columns of arrays given as columns of Spark ML's vectors and matrices, dense ones. */
final class MlColumns {

    private final ShapedColumns columns;
    private final Map<Integer, NamedExpression> replaced = new HashMap<>();

    private MlColumns(ShapedColumns columns) {
        this.columns = columns;
    }

    /**
     * Returns the DataFrame with vectors and matrices in place of arrays of floats or doubles. Runs no job.
     *
     * <p>Shapes: a vector has all values of a flat array, whatever their shape. A matrix comes of arrays of arrays, which
     * must be of one length within a cell, or of a flat array whose cell shape has two dimensions, one of them known; its
     * values lie row by row. A null array makes a null; a null inside of one fails the job. Columns keep their metadata, and
     * vectors of known size have it told to Spark ML there.
     *
     * @param forms what the columns become, by their names
     * @throws io.tensorbridge.tensor.SignatureMismatchException if a column is not there, or cannot become that; the message
     *     holds every mismatch
     * @throws UnsupportedOperationException if Spark ML is not on the class path
     */
    static Dataset<Row> give(Dataset<?> df, Map<String, MlForm> forms) {
        var ml = new MlColumns(new ShapedColumns(df, "give columns as vectors or matrices"));
        try {
            forms.forEach(ml::replace);
        } catch (NoClassDefFoundError e) {
            throw new UnsupportedOperationException(
                    "Cannot give columns %s as vectors or matrices: expected Spark ML on the class path, found none. Add org.apache.spark:spark-mllib_2.13"
                            .formatted(List.copyOf(forms.keySet())),
                    e);
        }
        ml.columns.throwIfAny("Cannot give columns as vectors or matrices");
        return ml.columns.replacing(ml.replaced);
    }

    private void replace(String name, MlForm form) {
        columns.find(name).ifPresent(at -> {
            Attribute column = columns.attributes().get(at);
            DataType values = BlockColumn.elementType(column.dataType());
            int levels = BlockColumn.levels(column.dataType());
            boolean fits = column.dataType() instanceof ArrayType
                    && (values.equals(DataTypes.DoubleType) || values.equals(DataTypes.FloatType));
            if (!fits || levels > (form == MlForm.VECTOR ? 1 : 2)) {
                columns.mismatch("column '%s': expected %s, found %s"
                        .formatted(
                                column.name(),
                                form == MlForm.VECTOR
                                        ? "array<float> or array<double>"
                                        : "arrays of arrays of float or double, or flat ones",
                                TensorForm.nameOf(column.dataType())));
            } else if (form == MlForm.VECTOR) {
                replaced.put(at, vector(column));
            } else if (levels == 2 || hasMatrixShape(column)) {
                replaced.put(at, matrix(column, levels));
            }
        });
    }

    private boolean hasMatrixShape(Attribute column) {
        Shape shape = shapeOf(column);
        if (shape.numDimensions() == 2 && Math.max(shape.get(0), shape.get(1)) >= 0) {
            return true;
        }
        columns.mismatch(
                "column '%s': expected cells of two dimensions, one of them known, found %s. Give their shape with shape(\"%s\", …)"
                        .formatted(column.name(), Shapes.describe(shape), column.name()));
        return false;
    }

    private static NamedExpression vector(Attribute column) {
        long size = Shapes.elements(shapeOf(column));
        Metadata metadata = size < 0
                ? column.metadata()
                : MlTypes.withSize(column.metadata(), column.name(), Math.toIntExact(size));
        Expression value = Projections.call(
                MlValues.class, "vectorOf" + values(column), MlTypes.vector(), List.of(withoutNulls(column)));
        return Projections.named(value, column.name(), metadata);
    }

    private static NamedExpression matrix(Attribute column, int levels) {
        List<Expression> arguments = new ArrayList<>();
        arguments.add(withoutNulls(column));
        if (levels == 1) {
            for (long dimension : shapeOf(column).asArray()) {
                arguments.add(new Literal(Math.toIntExact(dimension), DataTypes.IntegerType));
            }
        }
        arguments.add(nameOf(column));
        String method = (levels == 1 ? "matrixOf" : "matrixOfRowsOf") + values(column);
        Expression value = Projections.call(MlValues.class, method, MlTypes.matrix(), arguments);
        return Projections.named(value, column.name(), column.metadata());
    }

    private static String values(Attribute column) {
        return BlockColumn.elementType(column.dataType()).equals(DataTypes.FloatType) ? "Floats" : "Doubles";
    }

    private static Shape shapeOf(Attribute column) {
        return TensorForm.of(column.dataType()).orElseThrow().cellShape(column.metadata());
    }

    /** Returns the column, checked for nulls inside of its cells if its type does not rule them out. */
    private static Expression withoutNulls(Attribute column) {
        ArrayType type = (ArrayType) column.dataType();
        boolean inside = type.elementType() instanceof ArrayType inner && inner.containsNull();
        if (!type.containsNull() && !inside) {
            return column;
        }
        Expression levels = new Literal(BlockColumn.levels(type), DataTypes.IntegerType);
        return Projections.call(MlValues.class, "withoutNulls", type, List.of(column, levels, nameOf(column)));
    }

    private static Expression nameOf(Attribute column) {
        return new Literal(UTF8String.fromString(column.name()), DataTypes.StringType);
    }
}
