package io.tensorbridge.arrow;

import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DayTimeIntervalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;
import org.apache.spark.sql.types.YearMonthIntervalType;
import org.apache.spark.sql.vectorized.ColumnVector;

/** Keys that fit in one word of eight bytes: numbers, dates, times. */
enum KeyWord {
    BYTE {
        @Override
        long of(SpecializedGetters row, int ordinal) {
            return row.getByte(ordinal);
        }

        @Override
        void of(ColumnVector column, int from, int count, long[] into) {
            for (int i = 0; i < count; i++) {
                into[i] = column.getByte(from + i);
            }
        }

        @Override
        void write(long word, UnsafeRow row) {
            row.setByte(0, (byte) word);
        }
    },
    SHORT {
        @Override
        long of(SpecializedGetters row, int ordinal) {
            return row.getShort(ordinal);
        }

        @Override
        void of(ColumnVector column, int from, int count, long[] into) {
            for (int i = 0; i < count; i++) {
                into[i] = column.getShort(from + i);
            }
        }

        @Override
        void write(long word, UnsafeRow row) {
            row.setShort(0, (short) word);
        }
    },
    INT {
        @Override
        long of(SpecializedGetters row, int ordinal) {
            return row.getInt(ordinal);
        }

        @Override
        void of(ColumnVector column, int from, int count, long[] into) {
            for (int i = 0; i < count; i++) {
                into[i] = column.getInt(from + i);
            }
        }

        @Override
        void write(long word, UnsafeRow row) {
            row.setInt(0, (int) word);
        }
    },
    LONG {
        @Override
        long of(SpecializedGetters row, int ordinal) {
            return row.getLong(ordinal);
        }

        @Override
        void of(ColumnVector column, int from, int count, long[] into) {
            for (int i = 0; i < count; i++) {
                into[i] = column.getLong(from + i);
            }
        }

        @Override
        void write(long word, UnsafeRow row) {
            row.setLong(0, word);
        }
    },
    FLOAT {
        @Override
        long of(SpecializedGetters row, int ordinal) {
            return Float.floatToIntBits(row.getFloat(ordinal));
        }

        @Override
        void of(ColumnVector column, int from, int count, long[] into) {
            for (int i = 0; i < count; i++) {
                into[i] = Float.floatToIntBits(column.getFloat(from + i));
            }
        }

        @Override
        void write(long word, UnsafeRow row) {
            row.setFloat(0, Float.intBitsToFloat((int) word));
        }
    },
    DOUBLE {
        @Override
        long of(SpecializedGetters row, int ordinal) {
            return Double.doubleToLongBits(row.getDouble(ordinal));
        }

        @Override
        void of(ColumnVector column, int from, int count, long[] into) {
            for (int i = 0; i < count; i++) {
                into[i] = Double.doubleToLongBits(column.getDouble(from + i));
            }
        }

        @Override
        void write(long word, UnsafeRow row) {
            row.setDouble(0, Double.longBitsToDouble(word));
        }
    };

    static Optional<KeyWord> find(DataType type) {
        if (type instanceof LongType
                || type instanceof TimestampType
                || type instanceof TimestampNTZType
                || type instanceof DayTimeIntervalType) {
            return Optional.of(LONG);
        }
        if (type instanceof IntegerType || type instanceof DateType || type instanceof YearMonthIntervalType) {
            return Optional.of(INT);
        }
        if (type instanceof ShortType) {
            return Optional.of(SHORT);
        }
        if (type instanceof ByteType) {
            return Optional.of(BYTE);
        }
        if (type instanceof FloatType) {
            return Optional.of(FLOAT);
        }
        return type instanceof DoubleType ? Optional.of(DOUBLE) : Optional.empty();
    }

    /** Reads a key that is not null. */
    abstract long of(SpecializedGetters row, int ordinal);

    /** Reads keys of which none is null. */
    abstract void of(ColumnVector column, int from, int count, long[] into);

    /** Writes a key to the first field of a row. */
    abstract void write(long word, UnsafeRow row);
}
