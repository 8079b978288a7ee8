package io.tensorbridge.ml;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;

/**
 * A param for one of the constants of an enum, by its name in lower case.
 *
 * @param <E> the enum
 */
final class ChoiceParam<E extends Enum<E>> extends Param<String> {

    private static final long serialVersionUID = 1;

    private final Class<E> choices;

    ChoiceParam(Identifiable parent, String name, String doc, Class<E> choices) {
        super(parent.uid(), name, "%s: one of %s".formatted(doc, String.join(", ", names(choices))));
        this.choices = choices;
    }

    static String nameOf(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT);
    }

    /** Returns the constant of this name. */
    E choice(String value) {
        return Arrays.stream(choices.getEnumConstants())
                .filter(choice -> choice.name().equalsIgnoreCase(value))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("Invalid %s: must be one of %s, found '%s'"
                        .formatted(name(), String.join(", ", names(choices)), value)));
    }

    private static List<String> names(Class<? extends Enum<?>> choices) {
        return Arrays.stream(choices.getEnumConstants())
                .map(ChoiceParam::nameOf)
                .toList();
    }

    @Override
    public void validate(String value) {
        choice(value);
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
