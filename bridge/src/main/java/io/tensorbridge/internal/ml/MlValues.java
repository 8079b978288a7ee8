package io.tensorbridge.internal.ml;

import io.tensorbridge.tensor.SignatureMismatchException;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Cells in the form that Spark ML keeps its vectors and matrices in. Public because Spark's generated code calls it.
 *
 * <p>Values are copied at most once, in bulk; doubles that Spark holds as its own arrays are not. No cell has nulls inside:
 * {@link #withoutNulls} sees to that first, where the column's type does not.
 */
public final class MlValues {

    private static final byte DENSE = 1;

    private MlValues() {}

    /**
     * Returns the cell, which must hold no null.
     *
     * @param levels how many arrays stand one inside of the other
     */
    public static ArrayData withoutNulls(ArrayData cell, int levels, UTF8String column) {
        int count = cell.numElements();
        for (int i = 0; i < count; i++) {
            if (cell.isNullAt(i)) {
                throw new SignatureMismatchException(
                        "Cannot give column '%s' as vectors or matrices: expected no null inside of a cell, found one at position %d of %d"
                                .formatted(column, i, count));
            }
            if (levels > 1) {
                withoutNulls(cell.getArray(i), levels - 1, column);
            }
        }
        return cell;
    }

    public static InternalRow vectorOfDoubles(ArrayData values) {
        return vector(doubles(values));
    }

    public static InternalRow vectorOfFloats(ArrayData values) {
        float[] narrow = values.toFloatArray();
        double[] wide = new double[narrow.length];
        widen(narrow, wide, 0);
        return vector(UnsafeArrayData.fromPrimitiveArray(wide));
    }

    /**
     * Returns a matrix of values that lie row by row.
     *
     * @param rows the number of rows, or -1 if the number of columns tells
     * @param columns the number of columns, or -1 if the number of rows tells
     */
    public static InternalRow matrixOfDoubles(ArrayData values, int rows, int columns, UTF8String column) {
        return matrix(doubles(values), rows, columns, column);
    }

    /** Returns a matrix of values that lie row by row; see {@link #matrixOfDoubles}. */
    public static InternalRow matrixOfFloats(ArrayData values, int rows, int columns, UTF8String column) {
        float[] narrow = values.toFloatArray();
        double[] wide = new double[narrow.length];
        widen(narrow, wide, 0);
        return matrix(UnsafeArrayData.fromPrimitiveArray(wide), rows, columns, column);
    }

    /** Returns a matrix of rows that are arrays of one length. */
    public static InternalRow matrixOfRowsOfDoubles(ArrayData rows, UTF8String column) {
        int width = width(rows);
        double[] values = new double[Math.multiplyExact(rows.numElements(), width)];
        for (int i = 0; i < rows.numElements(); i++) {
            double[] row = row(rows, i, width, column).toDoubleArray();
            System.arraycopy(row, 0, values, i * width, width);
        }
        return matrix(UnsafeArrayData.fromPrimitiveArray(values), rows.numElements(), width, column);
    }

    /** Returns a matrix of rows that are arrays of one length. */
    public static InternalRow matrixOfRowsOfFloats(ArrayData rows, UTF8String column) {
        int width = width(rows);
        double[] values = new double[Math.multiplyExact(rows.numElements(), width)];
        for (int i = 0; i < rows.numElements(); i++) {
            widen(row(rows, i, width, column).toFloatArray(), values, i * width);
        }
        return matrix(UnsafeArrayData.fromPrimitiveArray(values), rows.numElements(), width, column);
    }

    private static int width(ArrayData rows) {
        return rows.numElements() == 0 ? 0 : rows.getArray(0).numElements();
    }

    private static ArrayData row(ArrayData rows, int at, int width, UTF8String column) {
        ArrayData row = rows.getArray(at);
        if (row.numElements() != width) {
            throw new SignatureMismatchException(
                    "Cannot give column '%s' as matrices: expected %d values in row %d of a cell, as in its first, found %d"
                            .formatted(column, width, at, row.numElements()));
        }
        return row;
    }

    private static ArrayData doubles(ArrayData values) {
        return values instanceof UnsafeArrayData ? values : UnsafeArrayData.fromPrimitiveArray(values.toDoubleArray());
    }

    private static void widen(float[] from, double[] to, int start) {
        for (int i = 0; i < from.length; i++) {
            to[start + i] = from[i];
        }
    }

    /** The fields of a vector: type, and size and indices if it were sparse, values. */
    private static InternalRow vector(ArrayData values) {
        return new GenericInternalRow(new Object[] {DENSE, null, null, values});
    }

    /** The fields of a matrix: type, size, column pointers and row indices if it were sparse, values, and how they lie. */
    private static InternalRow matrix(ArrayData values, int rows, int columns, UTF8String column) {
        int count = values.numElements();
        int rowCount = rows < 0 ? ratio(count, columns) : rows;
        int columnCount = columns < 0 ? ratio(count, rows) : columns;
        if ((long) rowCount * columnCount != count) {
            throw new SignatureMismatchException(
                    "Cannot give column '%s' as matrices: expected %s values in a cell, found %d"
                            .formatted(
                                    column,
                                    rows < 0 || columns < 0
                                            ? "a multiple of %d".formatted(Math.max(rows, columns))
                                            : Long.toString((long) rows * columns),
                                    count));
        }
        return new GenericInternalRow(
                new Object[] {DENSE, rowCount, columnCount, null, null, values, /* isTransposed= */ true});
    }

    private static int ratio(int count, int known) {
        return known == 0 ? 0 : count / known;
    }
}
