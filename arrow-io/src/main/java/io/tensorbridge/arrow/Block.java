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
 * <p>A fed vector has no nulls but those that were filled. Offsets of lists, strings and binaries begin at 0 where they were
 * written here; a vector that is taken as it is may have offsets that begin anywhere, and memory that goes on behind its
 * last row. Booleans are 8-bit integers whose field says {@code arrow.bool8}; vectors and matrices are lists of doubles.
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
