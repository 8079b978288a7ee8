package io.tensorbridge.arrow;

import org.apache.arrow.memory.BufferAllocator;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.unsafe.Platform;

/**
 * A column of Spark ML's vectors or matrices, fed as lists of doubles: vectors {@code [n]}, matrices {@code [r, c]} row by
 * row. Sparse ones become dense. What Spark reads of the column stays the original.
 */
final class LinalgColumn extends NestedColumn {

    private static final byte DENSE = 1; // 0 is sparse

    private static final int VECTOR_VALUES = 3;
    private static final int MATRIX_VALUES = 5;

    private final LinalgType kind;
    private final int ordinal;

    LinalgColumn(BlockColumn column, LinalgType kind, BufferAllocator allocator, long budget) {
        super(column, allocator, budget);
        this.kind = kind;
        this.ordinal = column.ordinal();
    }

    @Override
    boolean isFaithful() {
        return false;
    }

    @Override
    boolean hasNull(InternalRow row) {
        return row.isNullAt(ordinal);
    }

    @Override
    boolean hasNull(ColumnVector from, int row) {
        return from.isNullAt(row);
    }

    @Override
    long bytesOf(ColumnVector from, int start, int count) {
        if (!isUnknown() || from.isNullAt(start)) {
            return cellBytes() * count;
        }
        InternalRow first = from.getStruct(start);
        long values = kind == LinalgType.MATRIX
                ? (long) first.getInt(1) * first.getInt(2)
                : first.getByte(0) == DENSE ? first.getArray(VECTOR_VALUES).numElements() : first.getInt(1);
        return values * count * Double.BYTES;
    }

    @Override
    void write(InternalRow row, int at) {
        writeCell(row.getStruct(ordinal, kind.fieldCount()), at);
    }

    private void writeCell(InternalRow cell, int at) {
        if (kind == LinalgType.MATRIX) {
            writeMatrix(cell, at);
        } else if (cell.getByte(0) == DENSE) {
            ArrayData values = cell.getArray(VECTOR_VALUES);
            values().copy(values, placeOfVector(values.numElements(), at));
        } else {
            writeSparse(cell, cell.getInt(1), at);
        }
    }

    @Override
    BlockCopies.Source write(ColumnVector from, int start, int count) {
        for (int i = 0; i < count; i++) {
            int row = start + i;
            if (from.isNullAt(row)) {
                writeNull(i);
            } else if (!writeDense(from, row, i)) {
                writeCell(from.getStruct(row), i);
            }
        }
        return BlockCopies.Source.COLUMNS;
    }

    /** Copies a dense vector out of Spark's own column, if it is one, without an array in between. */
    private boolean writeDense(ColumnVector from, int row, int at) {
        if (kind == LinalgType.VECTOR
                && from.getChild(VECTOR_VALUES) instanceof WritableColumnVector values
                && from.getChild(0).getByte(row) == DENSE) {
            int size = values.getArrayLength(row);
            values().copy(values.arrayData(), values.getArrayOffset(row), size, placeOfVector(size, at));
            return true;
        }
        return false;
    }

    private void writeSparse(InternalRow vector, int size, int at) {
        long address = placeOfVector(size, at);
        Platform.setMemory(address, (byte) 0, (long) size * Double.BYTES);
        int[] indices = vector.getArray(2).toIntArray();
        double[] values = vector.getArray(VECTOR_VALUES).toDoubleArray();
        requireFit(indices.length == values.length, at);
        for (int k = 0; k < indices.length; k++) {
            requireFit(indices[k] >= 0 && indices[k] < size, at);
            Platform.putDouble(null, address + (long) indices[k] * Double.BYTES, values[k]);
        }
    }

    private long placeOfVector(int size, int at) {
        learnWidth(0, size);
        if (size != width(0)) {
            throw errors().wrongVector(width(0), at, size);
        }
        return address() + at * cellBytes();
    }

    private void writeMatrix(InternalRow matrix, int at) {
        int rows = matrix.getInt(1);
        int columns = matrix.getInt(2);
        requireFit(rows >= 0 && columns >= 0, at);
        learnWidth(0, rows);
        learnWidth(1, columns);
        if (rows != width(0) || columns != width(1)) {
            throw errors().wrongMatrix(width(0), width(1), at, rows, columns);
        }
        long address = address() + at * cellBytes();
        ArrayData values = matrix.getArray(MATRIX_VALUES);
        boolean rowMajor = matrix.getBoolean(6);
        if (matrix.getByte(0) != DENSE) {
            // runs along one axis: columns, or rows if transposed
            int runs = rowMajor ? rows : columns;
            long runStride = rowMajor ? columns : 1;
            long valueStride = rowMajor ? 1 : columns;
            Platform.setMemory(address, (byte) 0, cellBytes());
            writeRuns(matrix, runs, runStride, rowMajor ? columns : rows, valueStride, address, at);
            return;
        }
        requireFit(values.numElements() == cellValues(), at);
        if (rowMajor) {
            values().copy(values, address);
        } else {
            transpose(values.toDoubleArray(), rows, columns, address);
        }
    }

    private void writeRuns(
            InternalRow matrix, int runs, long runStride, int size, long valueStride, long address, int at) {
        int[] ends = matrix.getArray(3).toIntArray();
        int[] indices = matrix.getArray(4).toIntArray();
        double[] values = matrix.getArray(MATRIX_VALUES).toDoubleArray();
        requireFit(ends.length == runs + 1 && indices.length == values.length, at);
        for (int run = 0; run < runs; run++) {
            requireFit(ends[run] >= 0 && ends[run] <= ends[run + 1] && ends[run + 1] <= values.length, at);
            for (int k = ends[run]; k < ends[run + 1]; k++) {
                requireFit(indices[k] >= 0 && indices[k] < size, at);
                long place = run * runStride + indices[k] * valueStride;
                Platform.putDouble(null, address + place * Double.BYTES, values[k]);
            }
        }
    }

    private static void transpose(double[] columnMajor, int rows, int columns, long address) {
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                double value = columnMajor[column * rows + row];
                Platform.putDouble(null, address + ((long) row * columns + column) * Double.BYTES, value);
            }
        }
    }

    private void requireFit(boolean fits, int at) {
        if (!fits) {
            throw errors().corrupt(kind == LinalgType.VECTOR ? "vector" : "matrix", at);
        }
    }
}
