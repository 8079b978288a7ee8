package io.tensorbridge.arrow;

import java.util.Optional;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;

/** The shape of a column's cells, kept in the column's metadata; the one place that knows the key. */
public final class CellShapes {

    /** Holds the dimensions of a cell, an unknown one as -1. Users' data lives with this name: never change it. */
    private static final String KEY = "tensorbridge.shape";

    private CellShapes() {}

    /** Returns the dimensions that the metadata tells, if it does. */
    public static Optional<long[]> read(Metadata metadata) {
        return metadata.contains(KEY) ? Optional.of(metadata.getLongArray(KEY)) : Optional.empty();
    }

    /** Returns the metadata with these dimensions. */
    public static Metadata write(Metadata metadata, long... dimensions) {
        return new MetadataBuilder()
                .withMetadata(metadata)
                .putLongArray(KEY, dimensions)
                .build();
    }
}
