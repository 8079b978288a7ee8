package io.tensorbridge.ml;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;

/** Values of params as JSON. */
final class ParamJson {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private ParamJson() {}

    static String encode(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("Cannot write JSON of %s".formatted(value), e);
        }
    }

    /** Reads a value of a type such as {@code new TypeReference<List<String>>() {}}. */
    static <T> T decode(String param, String json, TypeReference<T> type) {
        try {
            return MAPPER.readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "Invalid %s: must be JSON of %s, found %s"
                            .formatted(param, type.getType().getTypeName(), json),
                    e);
        }
    }

    static String text(String param, String json) {
        return decode(param, json, new TypeReference<String>() {});
    }
}
