package io.tensorbridge.arrow;

import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.jspecify.annotations.Nullable;

/**
 * Writes the values of one level of a column whose cells have any length, one behind the other: cells themselves, or the
 * elements of the arrays of the level above. Owns the level's memory. For use by one thread.
 */
abstract sealed class CellWriter implements AutoCloseable permits FixedWriter, OffsetsWriter {

    /** What all levels of a column share. */
    record Context(BlockColumn column, CellErrors errors, BufferAllocator allocator, int mostValues) {

        boolean fillsNulls() {
            return column.hasPlacesForNulls();
        }
    }

    /** There is no room for a value: offsets are 32 bits wide. Ends the block before its row, and never goes further. */
    static final class NoRoomException extends RuntimeException {
        NoRoomException() {
            super("No room", /* cause= */ null, /* enableSuppression= */ false, /* writableStackTrace= */ false);
        }
    }

    private final Context context;
    private final @Nullable OffsetsWriter parent;
    private final ValidityBits validity;
    private int count;

    CellWriter(Context context, @Nullable OffsetsWriter parent) {
        this.context = context;
        this.parent = parent;
        this.validity = new ValidityBits(context.allocator());
    }

    static CellWriter of(DataType type, Context context, @Nullable OffsetsWriter parent, int level) {
        if (type instanceof ArrayType array) {
            return new ListWriter(context, parent, array.elementType(), level);
        }
        if (type instanceof StringType || type instanceof BinaryType) {
            return new BytesWriter(context, parent, type instanceof StringType);
        }
        return new FixedWriter(context, parent, ValueType.of(type));
    }

    /** Writes a value that is not null. */
    abstract void write(SpecializedGetters from, int ordinal);

    /** Writes all elements of an array. */
    abstract void writeAll(ArrayData array);

    /** Writes values of a column, nulls and all; returns where the bytes came from. */
    abstract BlockCopies.Source writeRange(ColumnVector from, int start, int length);

    /** Writes the fill value so many times, as values that are not null. */
    abstract void fill(int times);

    /** Returns the bytes that values of a column take here. */
    abstract long bytesOf(ColumnVector from, int start, int length);

    /** Returns the bytes that the elements of an array take here. */
    abstract long bytesOf(ArrayData array);

    /** Returns the bytes written so far. */
    abstract long bytes();

    /** Hands the memory to a vector, which shares it. */
    abstract void load(FieldVector vector);

    /** Returns whether a null can be filled, whatever the policy says. */
    boolean canBeFilled() {
        return true;
    }

    void begin() {
        count = 0;
        validity.begin();
    }

    /** Takes back all values but the first so many. */
    void truncate(int values) {
        validity.truncate(values, count);
        count = values;
    }

    /** Writes a null: what the policy fills it with, and the mark that it is one. */
    final void writeNull() {
        if (!context.fillsNulls() || !canBeFilled()) {
            throw nullFound();
        }
        int at = count;
        fill(1);
        validity.markNull(at);
    }

    private BlockException nullFound() {
        boolean isArray = this instanceof ListWriter;
        if (parent == null) {
            return isArray && !canBeFilled() ? errors().nullOfAnyLength(count) : errors().nullCell(count);
        }
        int position = count - parent.startOf(parent.holderOf(count));
        return isArray ? errors().nullArray(position, rowOf(count)) : errors().nullElement(position, rowOf(count));
    }

    /** Returns the row of the block that a value of this level belongs to. */
    final int rowOf(int value) {
        return parent == null ? value : parent.rowOf(parent.holderOf(value));
    }

    /** Makes room for more values, or says that there is none. */
    final void reserve(int more) {
        if (more > context.mostValues() - count) {
            throw new NoRoomException();
        }
        validity.reserve(count + more);
    }

    final void add(int values) {
        count += values;
    }

    final int count() {
        return count;
    }

    final boolean isRoot() {
        return parent == null;
    }

    final Context context() {
        return context;
    }

    final CellErrors errors() {
        return context.errors();
    }

    final ValidityBits validity() {
        return validity;
    }

    @Override
    public void close() {
        validity.close();
        count = 0;
    }
}
