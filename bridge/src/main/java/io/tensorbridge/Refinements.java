package io.tensorbridge;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.Program;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.tensorflow.ndarray.Shape;

/**
 * What a user has said of an operation so far. Immutable.
 *
 * @param program what to run
 * @param feeds columns by input
 * @param feeding what else was said of inputs
 * @param fetches columns by output, in order; empty if all outputs are wanted under their own names
 * @param shapes cell shapes by column
 * @param nullPolicies what becomes of nulls, by column
 * @param nullPolicy what becomes of nulls in the other columns
 * @param blockRows rows in a block, at most, if the session's setting does not hold
 */
record Refinements(
        Program program,
        Map<String, String> feeds,
        Feeding feeding,
        Map<String, String> fetches,
        Map<String, Shape> shapes,
        Map<String, NullPolicy> nullPolicies,
        NullPolicy nullPolicy,
        OptionalInt blockRows) {

    static Refinements of(Program program) {
        requireNonNull(program, "program");
        return new Refinements(
                program, Map.of(), Feeding.NONE, Map.of(), Map.of(), Map.of(), NullPolicy.fail(), OptionalInt.empty());
    }

    Refinements feed(String input, String column) {
        return new Refinements(
                program, with(feeds, input, column), feeding, fetches, shapes, nullPolicies, nullPolicy, blockRows);
    }

    Refinements feeding(UnaryOperator<Feeding> more) {
        return new Refinements(
                program, feeds, more.apply(feeding), fetches, shapes, nullPolicies, nullPolicy, blockRows);
    }

    Refinements fetch(String output, String column) {
        return new Refinements(
                program, feeds, feeding, with(fetches, output, column), shapes, nullPolicies, nullPolicy, blockRows);
    }

    Refinements shape(String column, long... dimensions) {
        requireNonNull(column, "column");
        return new Refinements(
                program,
                feeds,
                feeding,
                fetches,
                with(shapes, column, ShapeDeclaration.checked(column, dimensions)),
                nullPolicies,
                nullPolicy,
                blockRows);
    }

    Refinements onNull(NullPolicy policy) {
        requireNonNull(policy, "policy");
        return new Refinements(program, feeds, feeding, fetches, shapes, nullPolicies, policy, blockRows);
    }

    Refinements onNull(String column, NullPolicy policy) {
        return new Refinements(
                program, feeds, feeding, fetches, shapes, with(nullPolicies, column, policy), nullPolicy, blockRows);
    }

    /** Returns these with the nulls that are errors kept in the blocks. */
    Refinements keepingNulls() {
        UnaryOperator<NullPolicy> kept = policy -> policy instanceof NullPolicy.Fail ? new NullPolicy.Keep() : policy;
        Map<String, NullPolicy> policies = new LinkedHashMap<>(nullPolicies);
        policies.replaceAll((column, policy) -> kept.apply(policy));
        return new Refinements(program, feeds, feeding, fetches, shapes, policies, kept.apply(nullPolicy), blockRows);
    }

    Refinements blockRows(int rows) {
        if (rows < 1) {
            throw new IllegalArgumentException(
                    "Invalid block size: must be positive, found %d. Mend blockRows(…)".formatted(rows));
        }
        return new Refinements(
                program, feeds, feeding, fetches, shapes, nullPolicies, nullPolicy, OptionalInt.of(rows));
    }

    /** Returns outputs and their columns, in order. */
    Map<String, String> wanted() {
        if (!fetches.isEmpty()) {
            return fetches;
        }
        Map<String, String> all = new LinkedHashMap<>();
        program.signature().outputs().forEach(output -> all.put(output.name(), output.name()));
        return all;
    }

    /** Returns a map with one entry more. */
    static <V> Map<String, V> with(Map<String, V> map, String key, V value) {
        requireNonNull(key, "name");
        requireNonNull(value, "value");
        Map<String, V> more = new LinkedHashMap<>(map);
        Optional.ofNullable(more.put(key, value)).ifPresent(before -> {
            throw new IllegalArgumentException(
                    "Cannot set '%s' to '%s': expected it to be set once, found it set to '%s' before. Leave out one of the two"
                            .formatted(key, value, before));
        });
        return more;
    }
}
