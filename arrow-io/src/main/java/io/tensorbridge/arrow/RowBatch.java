package io.tensorbridge.arrow;

import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/** A single row read as a columnar batch. */
public final class RowBatch {

    private RowBatch() {}

    /** Returns a batch of a copy of the row, which has these columns; it needs no close. */
    public static ColumnarBatch of(UnsafeRow row, StructType schema) {
        var kept = new KeptRows(schema.length());
        kept.clear();
        kept.add(row);
        ColumnVector[] columns = new ColumnVector[schema.length()];
        for (int field = 0; field < columns.length; field++) {
            columns[field] = GettersColumnVector.ofRows(kept, field, schema.fields()[field].dataType());
        }
        return new ColumnarBatch(columns, 1);
    }
}
