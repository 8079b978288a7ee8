package io.tensorbridge.internal.run;

import java.io.Serializable;
import java.util.Iterator;
import java.util.function.Function;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.unsafe.Platform;

/**
 * What some rows were reduced to, on its way to be reduced with others.
 *
 * @param bytes the row as Spark lays it out
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares these
public record PartialRow(byte[] bytes) implements Serializable {

    /** Returns what copies the first row of a batch. */
    static Function<ColumnarBatch, PartialRow> copierOf(StructType schema) {
        UnsafeProjection projection = UnsafeProjection.create(schema);
        return batch -> new PartialRow(
                projection.apply(batch.getRow(0)).copy().getBytes()); // or the next row would overwrite them
    }

    /** Returns a row of nulls. */
    static UnsafeRow nulls(int fields) {
        int bytes = UnsafeRow.calculateBitSetWidthInBytes(fields) + fields * Long.BYTES;
        UnsafeRow row = new PartialRow(new byte[bytes]).row(fields);
        for (int field = 0; field < fields; field++) {
            row.setNullAt(field);
        }
        return row;
    }

    /** Reads this row, which has so many fields. */
    UnsafeRow row(int fields) {
        var row = new UnsafeRow(fields);
        row.pointTo(bytes, Platform.BYTE_ARRAY_OFFSET, bytes.length);
        return row;
    }

    /** Reads rows of so many fields; each is valid until the next. */
    static Iterator<InternalRow> rows(Iterator<PartialRow> partials, int fields) {
        var row = new UnsafeRow(fields);
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return partials.hasNext();
            }

            @Override
            public InternalRow next() {
                byte[] bytes = partials.next().bytes();
                row.pointTo(bytes, Platform.BYTE_ARRAY_OFFSET, bytes.length);
                return row;
            }
        };
    }
}
