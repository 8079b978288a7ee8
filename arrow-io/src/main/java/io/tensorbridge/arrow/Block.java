package io.tensorbridge.arrow;

import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.spark.sql.vectorized.ColumnVector;

/**
 * Consecutive rows of one partition.
 *
 * <p>Belongs to the source that made it, and is valid until that source advances.
 *
 * @param fed the columns that a program is fed with, as Arrow vectors, in the order in which they were asked for
 * @param columns all columns of the partition as Spark reads them, in their order; none if they are not wanted
 * @param rowCount the number of rows, at least one
 */
public record Block(VectorSchemaRoot fed, List<ColumnVector> columns, int rowCount) {

    static Block of(List<FieldVector> fed, List<ColumnVector> columns, int rowCount) {
        return new Block(
                new VectorSchemaRoot(fed.stream().map(FieldVector::getField).toList(), fed, rowCount),
                columns,
                rowCount);
    }
}
