package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * A column of pictures, and how it feeds a program.
 *
 * @param name the column
 * @param form how it holds them
 */
record PictureColumn(String name, Form form) {

    /** The inputs of a program for pictures that are decoded, which are fields of Spark's image struct. */
    static final List<String> DECODED = List.of("height", "width", "nChannels", "data");

    static final String CONTENT = "content";

    enum Form {
        /** Binaries, as files hold pictures. */
        ENCODED,
        /** Structs with such a binary, {@code content}, as {@code struct(*)} over {@code binaryFile} makes them. */
        ENCODED_FIELD,
        /** Spark's image struct. */
        DECODED
    }

    /** Returns the column of this name, or nothing if it is not there or has no pictures, which is noted. */
    static Optional<PictureColumn> of(Dataset<?> df, String name, boolean isCustom, StageProblems problems) {
        List<StructField> found = new ArrayList<>();
        for (StructField field : df.schema().fields()) {
            if (HiddenColumns.isSame(df, field.name(), name)) {
                found.add(field);
            }
        }
        if (found.isEmpty()) {
            problems.add("inputCol '%s': expected one of the columns %s, found none of that name. Mend setInputCol(…)"
                    .formatted(name, List.of(df.columns())));
            return Optional.empty();
        }
        if (found.size() > 1) {
            problems.add(
                    "inputCol '%s': expected one column, found %d. Rename all but one".formatted(name, found.size()));
            return Optional.empty();
        }
        DataType type = found.get(0).dataType();
        Optional<Form> form = formOf(type);
        if (form.isEmpty()) {
            problems.add(
                    "inputCol '%s': expected binaries, structs of Spark's image source, or structs with a binary 'content', found %s. %s"
                            .formatted(
                                    name,
                                    type.catalogString(),
                                    type instanceof StringType
                                            ? "Read the files themselves: spark.read().format(\"binaryFile\")"
                                            : "Mend setInputCol(…)"));
        } else if (isCustom && form.get() == Form.DECODED) {
            problems.add(
                    "inputCol '%s': expected binaries for the decoder, found pictures that Spark has decoded. Leave out setDecoder(…), or read the files with spark.read().format(\"binaryFile\")"
                            .formatted(name));
            return Optional.empty();
        }
        return form.map(known -> new PictureColumn(found.get(0).name(), known));
    }

    private static Optional<Form> formOf(DataType type) {
        if (type instanceof BinaryType) {
            return Optional.of(Form.ENCODED);
        }
        if (type instanceof StructType struct) {
            Map<String, DataType> fields = new LinkedHashMap<>();
            for (StructField field : struct.fields()) {
                fields.put(field.name(), field.dataType());
            }
            if (fields.get("data") instanceof BinaryType
                    && DECODED.stream()
                            .limit(DECODED.size() - 1L)
                            .allMatch(field -> fields.get(field) instanceof IntegerType)) {
                return Optional.of(Form.DECODED);
            }
            if (fields.get(CONTENT) instanceof BinaryType) {
                return Optional.of(Form.ENCODED_FIELD);
            }
        }
        return Optional.empty();
    }
}
