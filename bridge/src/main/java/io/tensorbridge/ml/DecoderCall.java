package io.tensorbridge.ml;

import static java.util.Objects.requireNonNull;
import static org.apache.spark.sql.functions.udf;

import java.io.IOException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/** A custom decoder as a function of Spark's: from a binary to Spark's image struct, as far as programs need it, and a reason. */
record DecoderCall(ImageDecoder decoder, BrokenImages broken) implements UDF1<byte @Nullable [], @Nullable Row> {

    private static final long serialVersionUID = 1;

    static final String REASON = "reason";

    private static final StructType DECODED = new StructType()
            .add("height", "int")
            .add("width", "int")
            .add("nChannels", "int")
            .add("data", "binary")
            .add(REASON, "string");

    Column apply(Column content) {
        return udf(this, DECODED).apply(content);
    }

    @Override
    public @Nullable Row call(byte @Nullable [] content) throws IOException {
        if (content == null) {
            return null;
        }
        try {
            DecodedImage image = requireNonNull(decoder.decode(content), "The decoder's result");
            return RowFactory.create(image.height(), image.width(), image.channels(), image.data(), null);
        } catch (IOException e) {
            if (broken == BrokenImages.ERROR) {
                throw e;
            }
            return RowFactory.create(null, null, null, null, String.valueOf(e.getMessage()));
        }
    }
}
