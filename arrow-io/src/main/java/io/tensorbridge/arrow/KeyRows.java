package io.tensorbridge.arrow;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.BoundReference;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;
import scala.jdk.javaapi.CollectionConverters;

/** Takes the keys out of rows, of any types. */
final class KeyRows {

    private final UnsafeProjection projection;

    KeyRows(List<KeyColumn> keys) {
        List<Expression> references = new ArrayList<>();
        for (KeyColumn key : keys) {
            references.add(new BoundReference(key.ordinal(), key.type(), /* nullable= */ true));
        }
        this.projection =
                UnsafeProjection.create(CollectionConverters.asScala(references).toSeq());
    }

    /** Returns the keys of a row, valid until the next call. */
    UnsafeRow of(InternalRow row) {
        return projection.apply(row);
    }

    /** Returns the keys of a batch's row, counted among the selected ones. */
    UnsafeRow of(ColumnarBatch batch, int @Nullable [] selection, int row) {
        return projection.apply(batch.getRow(selection == null ? row : selection[row]));
    }
}
