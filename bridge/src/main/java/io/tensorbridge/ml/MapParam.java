package io.tensorbridge.ml;

import com.fasterxml.jackson.core.type.TypeReference;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;

/** A param for names by other names, in order. */
final class MapParam extends Param<Map<String, String>> {

    private static final long serialVersionUID = 1;

    MapParam(Identifiable parent, String name, String doc) {
        super(parent.uid(), name, doc);
    }

    /** Returns a map with one entry more, in the place of the one that its key had, if it had one. */
    static Map<String, String> with(Map<String, String> map, String key, String value) {
        Map<String, String> more = new LinkedHashMap<>(map);
        more.put(key, value);
        return copyOf(more);
    }

    static Map<String, String> copyOf(Map<String, String> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    @Override
    public void validate(Map<String, String> value) {
        value.forEach((key, name) -> {
            if (key.isBlank() || name.isBlank()) {
                throw new IllegalArgumentException(
                        "Invalid %s: names must not be blank, found '%s' and '%s'".formatted(name(), key, name));
            }
        });
    }

    @Override
    public String jsonEncode(Map<String, String> value) {
        return ParamJson.encode(value);
    }

    @Override
    public Map<String, String> jsonDecode(String json) {
        return Collections.unmodifiableMap(
                ParamJson.decode(name(), json, new TypeReference<LinkedHashMap<String, String>>() {}));
    }
}
