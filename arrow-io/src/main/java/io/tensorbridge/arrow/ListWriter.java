package io.tensorbridge.arrow;

import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.jspecify.annotations.Nullable;

/** Writes arrays: of any length, or, in a column of uniform cells, of one length at each level. */
final class ListWriter extends OffsetsWriter {

    private static final int UNKNOWN = -1;

    private final CellWriter elements;
    private final boolean isUniform;
    private int width = UNKNOWN;

    ListWriter(Context context, @Nullable OffsetsWriter parent, DataType elementType, int level) {
        super(context, parent);
        this.isUniform = context.column().layout() == BlockColumn.Layout.UNIFORM;
        if (isUniform) {
            width = context.column().widths().get(level);
        }
        this.elements = CellWriter.of(elementType, context, this, level + 1);
    }

    /** Returns whether the cells are to be of one length, and none has told yet. */
    boolean hasUnknownWidth() {
        return isUniform && width == UNKNOWN;
    }

    /** Takes note of the lengths that uniform arrays have, unless they are known. */
    void learnWidths(ArrayData array) {
        if (!isUniform) {
            return;
        }
        if (width == UNKNOWN) {
            width = array.numElements();
        }
        if (elements instanceof ListWriter inner && array.numElements() > 0 && !array.isNullAt(0)) {
            inner.learnWidths(array.getArray(0));
        }
    }

    @Override
    boolean canBeFilled() {
        return context().column().keepsNulls() || (isRoot() && isUniform);
    }

    @Override
    void checkLength(int length) {
        if (isUniform && length != width) {
            if (width != UNKNOWN) {
                throw errors().wrongLength(width, rowOf(count()), length);
            }
            width = length;
        }
    }

    @Override
    void write(SpecializedGetters from, int ordinal) {
        ArrayData array = from.getArray(ordinal);
        checkLength(array.numElements());
        elements.writeAll(array);
        addValue(end());
    }

    @Override
    void writeAll(ArrayData array) {
        for (int i = 0; i < array.numElements(); i++) {
            if (array.isNullAt(i)) {
                writeNull();
            } else {
                write(array, i);
            }
        }
    }

    @Override
    BlockCopies.Source writeRange(ColumnVector from, int start, int length) {
        if (from instanceof WritableColumnVector writable) {
            return writeRuns(writable, start, length);
        }
        for (int row = start; row < start + length; row++) {
            if (from.isNullAt(row)) {
                writeNull();
            } else {
                ArrayData array = from.getArray(row);
                checkLength(array.numElements());
                elements.writeAll(array);
                addValue(end());
            }
        }
        return BlockCopies.Source.COLUMNS;
    }

    @Override
    BlockCopies.Source writeRun(WritableColumnVector from, int start, int length) {
        return elements.writeRange(from, start, length);
    }

    @Override
    void fill(int times) {
        for (int i = 0; i < times; i++) {
            elements.fill(Math.max(0, width)); // of unknown width where nulls stay nulls alone
            addValue(end());
        }
    }

    @Override
    int end() {
        return elements.count();
    }

    @Override
    long bytesOfRun(WritableColumnVector from, int start, int length) {
        return elements.bytesOf(from, start, length);
    }

    @Override
    long bytesOfValue(ColumnVector from, int row) {
        return elements.bytesOf(from.getArray(row));
    }

    @Override
    long bytesOf(ArrayData array) {
        long bytes = (long) array.numElements() * Integer.BYTES;
        for (int i = 0; i < array.numElements(); i++) {
            bytes += array.isNullAt(i) ? 0 : elements.bytesOf(array.getArray(i));
        }
        return bytes;
    }

    @Override
    long bytes() {
        return super.bytes() + elements.bytes();
    }

    @Override
    void begin() {
        super.begin();
        elements.begin();
    }

    @Override
    void truncate(int values) {
        elements.truncate(startOf(values));
        super.truncate(values);
    }

    @Override
    void load(FieldVector vector) {
        reserve(0);
        vector.loadFieldBuffers(
                new ArrowFieldNode(count(), validity().nulls()),
                List.of(validity().buffer(), offsets()));
        elements.load(((ListVector) vector).getDataVector());
    }

    @Override
    public void close() {
        super.close();
        elements.close();
    }
}
