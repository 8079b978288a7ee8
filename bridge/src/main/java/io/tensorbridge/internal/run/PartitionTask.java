package io.tensorbridge.internal.run;

import java.io.Serializable;
import java.util.Iterator;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/**
 * What an operation does with a partition, whichever way it comes: a value that travels.
 *
 * @param <T> what comes out
 */
public interface PartitionTask<T> extends Serializable {

    /** Returns the class of what comes out. */
    Class<T> resultType();

    /** Works on a partition of rows; each may be overwritten when the next is asked for. */
    Iterator<T> overRows(Iterator<InternalRow> rows, StructType schema);

    /** Works on a partition of columnar batches; each may be overwritten when {@code hasNext} is called. */
    Iterator<T> overBatches(Iterator<ColumnarBatch> batches);
}
