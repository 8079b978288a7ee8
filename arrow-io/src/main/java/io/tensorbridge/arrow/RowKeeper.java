package io.tensorbridge.arrow;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.BoundReference;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.jspecify.annotations.Nullable;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Keeps what is not fed of a block's rows: all of a row where that is cheap, the other columns alone where fed ones are
 * large. For use by one thread.
 */
final class RowKeeper {

    private final KeptRows rows;
    private final UnsafeProjection projection;
    private final boolean wholeRows;
    private final @Nullable ColumnVector[] columns;

    private RowKeeper(StructType schema, List<Integer> ordinals, boolean wholeRows) {
        this.wholeRows = wholeRows;
        this.rows = new KeptRows(ordinals.size());
        this.columns = new ColumnVector[schema.length()];
        List<Expression> references = new ArrayList<>();
        for (int field = 0; field < ordinals.size(); field++) {
            int ordinal = ordinals.get(field);
            StructField column = schema.fields()[ordinal];
            references.add(new BoundReference(ordinal, column.dataType(), column.nullable()));
            columns[ordinal] = GettersColumnVector.ofRows(rows, field, column.dataType());
        }
        this.projection =
                UnsafeProjection.create(CollectionConverters.asScala(references).toSeq());
    }

    /** Returns what keeps the columns that fed ones cannot stand for, if there are any. */
    static Optional<RowKeeper> beside(List<FedColumn> fed, StructType schema) {
        boolean scalarsOnly = fed.stream().allMatch(RowKeeper::isSmall);
        List<Integer> all = new ArrayList<>();
        List<Integer> others = new ArrayList<>();
        for (int ordinal = 0; ordinal < schema.length(); ordinal++) {
            int at = ordinal;
            all.add(ordinal);
            if (fed.stream()
                    .noneMatch(column -> column.isFaithful() && column.column().ordinal() == at)) {
                others.add(ordinal);
            }
        }
        return others.isEmpty()
                ? Optional.empty()
                : Optional.of(new RowKeeper(schema, scalarsOnly ? all : others, scalarsOnly));
    }

    private static boolean isSmall(FedColumn column) {
        var type = column.column().type();
        return ValueType.find(type).isPresent() && !(type instanceof BinaryType);
    }

    void clear() {
        rows.clear();
    }

    void keep(InternalRow row) {
        rows.add(wholeRows && row instanceof UnsafeRow unsafe ? unsafe : projection.apply(row));
    }

    int bytes() {
        return rows.bytes();
    }

    /** Returns the kept columns at their places among all columns, null at the others'. */
    @Nullable
    ColumnVector[] columns() {
        return columns.clone();
    }
}
