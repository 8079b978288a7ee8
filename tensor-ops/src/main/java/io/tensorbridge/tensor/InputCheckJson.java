package io.tensorbridge.tensor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The checks of a program's inputs as JSON: an object for each, by the input's name, that says of which kind it is. */
final class InputCheckJson {

    private static final String KIND = "kind";
    private static final String IMAGE = "image";
    private static final String MAX_PIXELS = "maxPixels";

    private InputCheckJson() {}

    static void write(Map<String, InputCheck> checks, ObjectNode to) {
        checks.forEach((input, check) -> {
            if (!(check instanceof ImageCheck image)) { // a kind more is a format more
                throw new IllegalStateException(
                        "Cannot save check of input '%s': it is of no known kind".formatted(input));
            }
            to.putObject(input).put(KIND, IMAGE).put(MAX_PIXELS, image.maxPixels());
        });
    }

    /** Returns what {@link #write} wrote; nothing if that is something else. */
    static Optional<SortedMap<String, InputCheck>> read(JsonNode from) {
        SortedMap<String, InputCheck> checks = new TreeMap<>();
        for (Map.Entry<String, JsonNode> check : from.properties()) {
            JsonNode maxPixels = check.getValue().path(MAX_PIXELS);
            boolean isImage = check.getValue().size() == 2
                    && IMAGE.equals(check.getValue().path(KIND).textValue())
                    && maxPixels.isIntegralNumber()
                    && maxPixels.canConvertToLong()
                    && maxPixels.longValue() > 0;
            if (!isImage) {
                return Optional.empty();
            }
            checks.put(check.getKey(), InputCheck.image(maxPixels.longValue()));
        }
        return from.isObject() ? Optional.of(checks) : Optional.empty();
    }
}
