package io.tensorbridge;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.TensorSpec;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The columns of a DataFrame by name, as Spark's session compares names.
 *
 * @param attributes the columns, in order
 * @param caseSensitive whether names that differ in case alone are two
 * @param arguments how SQL has written the arguments of a function, whose parameters these columns are then; none if they
 *     are those of a DataFrame
 */
record Columns(List<Attribute> attributes, boolean caseSensitive, Map<String, String> arguments) {

    static Columns of(Dataset<?> df, Program program) {
        return of(df, "run program '%s'".formatted(program.name()));
    }

    /**
     * Looks at a DataFrame's columns.
     *
     * @param action what it is wanted for, for the message: {@code analyze a DataFrame}
     * @throws UnsupportedOperationException if the DataFrame is Spark Connect's, whose plan is elsewhere
     */
    static Columns of(Dataset<?> df, String action) {
        if (!(df instanceof org.apache.spark.sql.classic.Dataset<?> classic)) {
            throw new UnsupportedOperationException(
                    "Cannot %s over Spark Connect: expected a Dataset of the session's own process, found %s"
                            .formatted(action, df.getClass().getName()));
        }
        List<Attribute> attributes = List.copyOf(CollectionConverters.asJava(
                classic.queryExecution().commandExecuted().output()));
        return new Columns(
                attributes, classic.sparkSession().sessionState().conf().caseSensitiveAnalysis(), Map.of());
    }

    /** Returns all columns of this name; a name is taken to the letter, dots and all. */
    List<Attribute> named(String name) {
        return attributes.stream()
                .filter(attribute -> key(attribute.name()).equals(key(name)))
                .toList();
    }

    /** Returns a column as messages speak of it. */
    String describe(String name) {
        return "%s '%s'".formatted(arguments.isEmpty() ? "column" : "argument", name);
    }

    /** Returns what makes a column fit an input, whose type it is not of. */
    String cureOfType(TensorSpec input, Attribute column) {
        String argument = arguments.get(column.name());
        return argument == null ? Cures.ofType(input, column) : SqlCures.ofType(input, column.dataType(), argument);
    }

    List<String> names() {
        return attributes.stream().map(Attribute::name).toList();
    }

    /** Returns what two names share if they are one name to Spark. */
    String key(String name) {
        return caseSensitive ? name : name.toLowerCase(Locale.ROOT);
    }

    /** Looks a column up in a map that users have keyed by name. */
    <V> Optional<V> lookUp(Map<String, V> byName, String column) {
        return byName.entrySet().stream()
                .filter(entry -> key(entry.getKey()).equals(key(column)))
                .map(Map.Entry::getValue)
                .findFirst();
    }
}
