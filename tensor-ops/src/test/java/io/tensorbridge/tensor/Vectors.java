package io.tensorbridge.tensor;

import java.util.Arrays;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.impl.UnionListWriter;

/** Columns for tests, whose n-th value is n, and what they hold. */
final class Vectors {

    private Vectors() {}

    static Float8Vector doubles(String name, BufferAllocator allocator, double... values) {
        var vector = new Float8Vector(name, allocator);
        vector.allocateNew(values.length);
        for (int row = 0; row < values.length; row++) {
            vector.set(row, values[row]);
        }
        vector.setValueCount(values.length);
        return vector;
    }

    /** Returns a column of cells of this shape, or of scalars. */
    static FieldVector counting(ElementType type, int rows, int[] cell, BufferAllocator allocator) {
        int perCell = Arrays.stream(cell).reduce(1, (a, b) -> a * b);
        if (type.isBinary()) {
            var vector = new VarBinaryVector("x", allocator);
            vector.allocateNew(Math.max(1, (long) rows * perCell), rows);
            for (int row = 0; row < rows; row++) {
                byte[] bytes = new byte[perCell];
                for (int i = 0; i < perCell; i++) {
                    bytes[i] = (byte) (row * perCell + i);
                }
                vector.setSafe(row, bytes);
            }
            vector.setValueCount(rows);
            return vector;
        }
        FieldVector vector = type.field("x", cell.length).createVector(allocator);
        vector.setInitialCapacity(rows);
        vector.allocateNew();
        fillLevel(vector, rows, cell, 0);
        return vector;
    }

    private static void fillLevel(FieldVector vector, int count, int[] cell, int level) {
        if (vector instanceof ListVector list) {
            for (int i = 0; i < count; i++) {
                list.startNewValue(i);
                list.endValue(i, cell[level]);
            }
            fillLevel(list.getDataVector(), count * cell[level], cell, level + 1);
            list.setValueCount(count);
            return;
        }
        ((BaseFixedWidthVector) vector).allocateNew(count);
        for (int i = 0; i < count; i++) {
            if (vector instanceof Float8Vector v) {
                v.set(i, i);
            } else if (vector instanceof Float4Vector v) {
                v.set(i, i);
            } else if (vector instanceof IntVector v) {
                v.set(i, i);
            } else if (vector instanceof BigIntVector v) {
                v.set(i, i);
            } else {
                throw new IllegalArgumentException("No such column: " + vector);
            }
        }
        vector.setValueCount(count);
    }

    /** Returns the buffer that holds a column's values. */
    static ArrowBuf values(FieldVector vector) {
        return vector instanceof ListVector list ? values(list.getDataVector()) : vector.getDataBuffer();
    }

    /** Returns a column of lists of these lengths. */
    static ListVector ragged(String name, BufferAllocator allocator, int... lengths) {
        ListVector list = ListVector.empty(name, allocator);
        UnionListWriter writer = list.getWriter();
        writer.allocate();
        for (int length : lengths) {
            writer.startList();
            for (int i = 0; i < length; i++) {
                writer.float8().writeFloat8(i);
            }
            writer.endList();
        }
        list.setValueCount(lengths.length);
        return list;
    }
}
