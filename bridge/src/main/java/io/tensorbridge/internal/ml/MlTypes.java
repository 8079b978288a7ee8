package io.tensorbridge.internal.ml;

import org.apache.spark.ml.attribute.AttributeGroup;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Metadata;

/** The types of Spark ML; the one class that cannot load without it. */
public final class MlTypes {

    private MlTypes() {}

    public static DataType vector() {
        return SQLDataTypes.VectorType();
    }

    public static DataType matrix() {
        return SQLDataTypes.MatrixType();
    }

    /** Returns the metadata with what Spark ML's stages look for there, so that they need not read a row to find it out. */
    public static Metadata withSize(Metadata metadata, String column, int size) {
        return new AttributeGroup(column, size).toMetadata(metadata);
    }
}
