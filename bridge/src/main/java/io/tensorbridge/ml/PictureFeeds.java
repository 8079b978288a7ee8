package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/**
 * A DataFrame with pictures in columns that a program can be fed with.
 *
 * @param rows the DataFrame
 * @param feeds these columns, by input of the program
 * @param decoded the column that a custom decoder gives, if there is one
 */
record PictureFeeds(
        Dataset<Row> rows,
        Map<String, String> feeds,
        @Nullable String decoded) {

    static PictureFeeds of(Dataset<?> df, PictureColumn pictures, Optional<DecoderCall> decoder, HiddenColumns hidden) {
        Map<String, String> feeds = new LinkedHashMap<>();
        Dataset<Row> rows = df.toDF();
        Column column = col(HiddenColumns.quoted(pictures.name()));
        Column content =
                pictures.form() == PictureColumn.Form.ENCODED_FIELD ? column.getField(PictureColumn.CONTENT) : column;
        if (decoder.isPresent()) {
            String decoded = hidden.add("%s.decoded".formatted(pictures.name()));
            Dataset<Row> withDecoded = rows.withColumn(decoded, decoder.get().apply(content));
            return fields(withDecoded, pictures, col(HiddenColumns.quoted(decoded)), hidden, decoded);
        }
        return switch (pictures.form()) {
            case ENCODED -> {
                feeds.put(PictureColumn.CONTENT, pictures.name());
                yield new PictureFeeds(rows, feeds, null);
            }
            case ENCODED_FIELD -> {
                String name = hidden.add("%s.%s".formatted(pictures.name(), PictureColumn.CONTENT));
                feeds.put(PictureColumn.CONTENT, name);
                yield new PictureFeeds(rows.withColumn(name, content), feeds, null);
            }
            case DECODED -> fields(rows, pictures, column, hidden, null);
        };
    }

    private static PictureFeeds fields(
            Dataset<Row> rows, PictureColumn pictures, Column struct, HiddenColumns hidden, @Nullable String decoded) {
        Map<String, String> feeds = new LinkedHashMap<>();
        Dataset<Row> fed = rows;
        for (String field : PictureColumn.DECODED) {
            String name = hidden.add("%s.%s".formatted(pictures.name(), field));
            feeds.put(field, name);
            fed = fed.withColumn(name, struct.getField(field));
        }
        return new PictureFeeds(fed, feeds, decoded);
    }

    /** Returns whether the program gets pictures that are decoded. */
    boolean isDecoded() {
        return feeds.containsKey(PictureColumn.DECODED.get(0));
    }

    /** Returns why a picture is broken: what the decoder says, or else what was found when the program ran. */
    Column withReason(Column found) {
        return decoded == null
                ? found
                : coalesce(col(HiddenColumns.quoted(decoded)).getField(DecoderCall.REASON), found);
    }
}
