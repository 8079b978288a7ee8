package io.tensorbridge.ml;

import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.util.Identifiable;

/** A param for a positive number of pixels. */
final class PixelsParam extends LongParam {

    private static final long serialVersionUID = 1;

    PixelsParam(Identifiable parent, String name, String doc) {
        super(parent, name, doc);
    }

    @Override
    public void validate(Object value) {
        if (!(value instanceof Long number) || number < 1) {
            throw new IllegalArgumentException("Invalid %s: must be positive, found %s".formatted(name(), value));
        }
    }
}
