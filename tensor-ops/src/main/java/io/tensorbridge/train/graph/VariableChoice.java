package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorValue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Finds variables of a program: by patterns of their names, and for values. */
final class VariableChoice {

    private VariableChoice() {}

    /**
     * Returns which variables have a name that a pattern matches.
     *
     * @param verb what becomes of them
     * @throws IllegalArgumentException if there is none
     */
    static Predicate<TrainedVariable> matching(String verb, String pattern, List<TrainedVariable> variables) {
        Predicate<String> names = Pattern.compile(pattern).asMatchPredicate();
        if (variables.stream().map(TrainedVariable::name).noneMatch(names)) {
            throw new IllegalArgumentException(
                    "Cannot %s variables '%s': expected one of %s".formatted(verb, pattern, namesOf(variables)));
        }
        return variable -> names.test(variable.name());
    }

    /**
     * Makes sure that there is a variable of each name, and that the value is one of its own.
     *
     * @throws IllegalArgumentException if not; says all
     */
    static void requireFit(Map<String, TensorValue> values, List<TrainedVariable> variables) {
        Map<String, TrainedVariable> byName = new HashMap<>();
        variables.forEach(variable -> byName.put(variable.name(), variable));
        List<String> mismatches = new ArrayList<>();
        new TreeMap<>(values).forEach((name, value) -> {
            TrainedVariable variable = byName.get(name);
            if (variable == null) {
                mismatches.add(
                        "variable '%s': no such variable; the variables are %s".formatted(name, namesOf(variables)));
            } else if (variable.elementType() != value.elementType()
                    || !variable.shape().equals(value.shape())) {
                mismatches.add("variable '%s': expected %s, found %s"
                        .formatted(name, Shapes.describe(variable.elementType(), variable.shape()), value));
            }
        });
        if (!mismatches.isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot start from these values:\n  - " + String.join("\n  - ", mismatches));
        }
    }

    static List<String> namesOf(List<TrainedVariable> variables) {
        return variables.stream().map(TrainedVariable::name).toList();
    }
}
