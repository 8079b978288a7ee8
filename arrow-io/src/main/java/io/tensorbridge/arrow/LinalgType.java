package io.tensorbridge.arrow;

import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.UserDefinedType;

/** Spark ML's vectors and matrices, known by name: they are read as the structs they are stored as, without Spark ML. */
enum LinalgType {
    VECTOR(1, "VectorUDT", "type", "size", "indices", "values"),
    MATRIX(2, "MatrixUDT", "type", "numRows", "numCols", "colPtrs", "rowIndices", "values", "isTransposed");

    /** Spark ML's, and those of the library before it. */
    private static final List<String> PACKAGES =
            List.of("org.apache.spark.ml.linalg.", "org.apache.spark.mllib.linalg.");

    private final int levels;
    private final String className;

    @SuppressWarnings("ImmutableEnumChecker") // a list that cannot be changed, though its type does not say so
    private final List<String> fields;

    LinalgType(int levels, String className, String... fields) {
        this.levels = levels;
        this.className = className;
        this.fields = List.of(fields);
    }

    /** Returns which of the two a type is, if it is one. */
    static Optional<LinalgType> find(DataType type) {
        if (!(type instanceof UserDefinedType<?> userDefined)
                || !(userDefined.sqlType() instanceof StructType struct)) {
            return Optional.empty();
        }
        String found = type.getClass().getName();
        for (LinalgType candidate : values()) {
            if (PACKAGES.stream().anyMatch(name -> found.equals(name + candidate.className))
                    && List.of(struct.fieldNames()).equals(candidate.fields)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    int levels() {
        return levels;
    }

    /** Returns how many fields the struct has that a cell is stored as. */
    int fieldCount() {
        return fields.size();
    }

    /** Returns the arrays as which a program sees such cells. */
    DataType arrayType() {
        DataType type = DataTypes.DoubleType;
        for (int i = 0; i < levels; i++) {
            type = new ArrayType(type, /* containsNull= */ false);
        }
        return type;
    }
}
