package io.tensorbridge.ml;

import com.fasterxml.jackson.core.type.TypeReference;
import java.util.List;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;

/** A param for texts in order. */
final class NamesParam extends Param<List<String>> {

    private static final long serialVersionUID = 1;

    NamesParam(Identifiable parent, String name, String doc) {
        super(parent.uid(), name, doc);
    }

    @Override
    public void validate(List<String> value) {
        for (int i = 0; i < value.size(); i++) {
            if (value.get(i).isBlank()) {
                throw new IllegalArgumentException("Invalid %s: must not be blank, found number %d of %d to be"
                        .formatted(name(), i + 1, value.size()));
            }
        }
    }

    @Override
    public String jsonEncode(List<String> value) {
        return ParamJson.encode(value);
    }

    @Override
    public List<String> jsonDecode(String json) {
        return List.of(ParamJson.decode(name(), json, new TypeReference<String[]>() {}));
    }
}
