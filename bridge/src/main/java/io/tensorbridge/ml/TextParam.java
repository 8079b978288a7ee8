package io.tensorbridge.ml;

import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;

/** A param for a text that is not blank, such as a column's name. */
final class TextParam extends Param<String> {

    private static final long serialVersionUID = 1;

    TextParam(Identifiable parent, String name, String doc) {
        super(parent.uid(), name, doc);
    }

    @Override
    public void validate(String value) {
        if (value.isBlank()) {
            throw new IllegalArgumentException("Invalid %s: must not be blank".formatted(name()));
        }
    }

    @Override
    public String jsonEncode(String value) {
        return ParamJson.encode(value);
    }

    @Override
    public String jsonDecode(String json) {
        return ParamJson.text(name(), json);
    }
}
