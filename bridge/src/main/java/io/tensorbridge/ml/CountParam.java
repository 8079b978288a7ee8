package io.tensorbridge.ml;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.util.Identifiable;

/** A param for a positive number. */
final class CountParam extends IntParam {

    private static final long serialVersionUID = 1;

    CountParam(Identifiable parent, String name, String doc) {
        super(parent, name, doc);
    }

    @Override
    public void validate(Object value) {
        if (!(value instanceof Integer number) || number < 1) {
            throw new IllegalArgumentException("Invalid %s: must be positive, found %s".formatted(name(), value));
        }
    }
}
