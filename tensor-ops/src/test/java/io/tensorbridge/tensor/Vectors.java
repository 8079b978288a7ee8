package io.tensorbridge.tensor;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.impl.UnionListWriter;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;

/** Columns for tests, whose n-th value is n or as much of it as the type holds, and what they hold. */
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
        fillLevel(vector, type, rows, cell, 0);
        return vector;
    }

    private static void fillLevel(FieldVector vector, ElementType type, int count, int[] cell, int level) {
        if (vector instanceof ListVector list) {
            for (int i = 0; i < count; i++) {
                list.startNewValue(i);
                list.endValue(i, cell[level]);
            }
            fillLevel(list.getDataVector(), type, count * cell[level], cell, level + 1);
            list.setValueCount(count);
            return;
        }
        vector.setInitialCapacity(count);
        vector.allocateNew();
        for (int i = 0; i < count; i++) {
            if (vector instanceof Float8Vector v) {
                v.set(i, i);
            } else if (vector instanceof Float4Vector v) {
                v.set(i, type == ElementType.FLOAT16 ? i % 2048 : i);
            } else if (vector instanceof TinyIntVector v) {
                v.set(i, type == ElementType.BOOL ? i % 2 : i);
            } else if (vector instanceof SmallIntVector v) {
                v.set(i, i);
            } else if (vector instanceof IntVector v) {
                v.set(i, i);
            } else if (vector instanceof BigIntVector v) {
                v.set(i, i);
            } else if (vector instanceof VarCharVector v) { // some fit TensorFlow's headers, some do not
                v.setSafe(i, (i + "·".repeat(i % 13)).getBytes(StandardCharsets.UTF_8));
            } else {
                throw new IllegalArgumentException("No such column: " + vector);
            }
        }
        vector.setValueCount(count);
    }

    /** Returns a column of these strings, UTF-8 or binary as the vector's field says. */
    static <V extends BaseVariableWidthVector> V strings(V vector, byte[]... values) {
        vector.allocateNew();
        for (int row = 0; row < values.length; row++) {
            vector.setSafe(row, values[row], 0, values[row].length);
        }
        vector.setValueCount(values.length);
        return vector;
    }

    /** Returns some rows of a column over the same memory: offsets stay what they are, and need not begin at 0. */
    static FieldVector window(FieldVector column, int from, int rows, BufferAllocator allocator) {
        FieldVector window = column.getField().createVector(allocator);
        List<ArrowBuf> buffers = column.getFieldBuffers();
        List<ArrowBuf> cut = new ArrayList<>(List.of(allocator.getEmpty()));
        if (column instanceof BaseFixedWidthVector fixed) {
            long width = fixed.getTypeWidth();
            cut.add(buffers.get(1).slice(from * width, rows * width));
        } else {
            cut.add(buffers.get(1).slice((long) from * Integer.BYTES, (rows + 1L) * Integer.BYTES));
            cut.addAll(buffers.subList(2, buffers.size()));
        }
        window.loadFieldBuffers(new ArrowFieldNode(rows, /* nullCount= */ 0), cut);
        if (column instanceof ListVector list) {
            share(list.getDataVector(), ((ListVector) window).getDataVector());
        }
        return window;
    }

    private static void share(FieldVector from, FieldVector to) {
        to.loadFieldBuffers(new ArrowFieldNode(from.getValueCount(), /* nullCount= */ 0), from.getFieldBuffers());
        if (from instanceof ListVector list) {
            share(list.getDataVector(), ((ListVector) to).getDataVector());
        }
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

    /** Returns a column of lists of these lengths, of cells of this shape. */
    static FieldVector ragged(ElementType type, int[] lengths, int[] inner, BufferAllocator allocator) {
        int total = Arrays.stream(lengths).sum();
        if (type.isBinary()) {
            var vector = new VarBinaryVector("x", allocator);
            vector.allocateNew(Math.max(1, total), lengths.length);
            int n = 0;
            for (int row = 0; row < lengths.length; row++) {
                byte[] bytes = new byte[lengths[row]];
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = (byte) n++;
                }
                vector.setSafe(row, bytes);
            }
            vector.setValueCount(lengths.length);
            return vector;
        }
        var list = (ListVector) type.field("x", 1 + inner.length).createVector(allocator);
        list.setInitialCapacity(lengths.length);
        list.allocateNew();
        for (int row = 0; row < lengths.length; row++) {
            list.startNewValue(row);
            list.endValue(row, lengths[row]);
        }
        fillLevel(list.getDataVector(), type, total, inner, 0);
        list.setValueCount(lengths.length);
        return list;
    }

    /** Returns the column without its first rows, over the same memory: its lists do not begin at the first value. */
    static FieldVector withoutFirst(int skipped, FieldVector lists, BufferAllocator allocator) {
        FieldVector rest = lists.getField().createVector(allocator);
        int rows = lists.getValueCount() - skipped;
        ArrowBuf offsets = lists.getOffsetBuffer().slice((long) skipped * Integer.BYTES, (rows + 1L) * Integer.BYTES);
        var node = new ArrowFieldNode(rows, 0);
        if (lists instanceof ListVector list) {
            rest.loadFieldBuffers(node, List.of(allocator.getEmpty(), offsets));
            share(list.getDataVector(), ((ListVector) rest).getDataVector());
        } else {
            rest.loadFieldBuffers(node, List.of(allocator.getEmpty(), offsets, lists.getDataBuffer()));
        }
        return rest;
    }
}
