package io.tensorbridge.train.graph;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.tensor.GraphParts;
import io.tensorbridge.tensor.ModelGraph;
import io.tensorbridge.tensor.ModelLoader;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.train.graph.TrainedVariable.Role;
import io.tensorbridge.train.graph.TrainingProgram.Objective;
import io.tensorbridge.train.graph.TrainingProgram.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.VariableDef;

/** Makes a program that trains of a saved model with signatures for it; see {@link TrainingSignatures}. */
final class ModelReader {

    private final ModelGraph model;
    private final String key;
    private final SignatureDef training;
    private final SignatureDef evaluation;
    private final Optional<SignatureDef> use;
    private final Optional<SignatureDef> setting;
    private final ModelInputs inputs;

    private ModelReader(ModelGraph model) {
        this.model = model;
        List<String> there = model.signatures();
        key = there.contains(TrainingSignatures.GRADIENTS) ? TrainingSignatures.GRADIENTS : TrainingSignatures.TRAIN;
        if (!there.contains(key)) {
            throw model.wrong("expected a signature '%s' or '%s' to train by, found %s. Export the model with one"
                    .formatted(TrainingSignatures.TRAIN, TrainingSignatures.GRADIENTS, there));
        }
        training = model.signature(key);
        evaluation =
                there.contains(TrainingSignatures.EVALUATE) ? model.signature(TrainingSignatures.EVALUATE) : training;
        String chosen = model.chosenSignature();
        use = chosen.equals(TrainingSignatures.SERVING_DEFAULT) && !there.contains(chosen)
                ? Optional.empty()
                : Optional.of(model.signature(chosen));
        setting = there.contains(TrainingSignatures.UPDATES)
                ? Optional.of(model.signature(TrainingSignatures.UPDATES))
                : Optional.empty();
        inputs = new ModelInputs(model);
        inputs.add(key, training);
        inputs.add(TrainingSignatures.EVALUATE, evaluation);
        use.ifPresent(signature -> inputs.add(chosen, signature));
        setting.ifPresent(signature -> inputs.add(TrainingSignatures.UPDATES, signature));
    }

    static TrainingProgram read(ModelLoader loader) {
        return new ModelReader(ModelGraph.of(loader)).program();
    }

    private TrainingProgram program() {
        List<TensorSpec> rows = ordered(inputs.rows(key, training), TensorSpec::name, TrainingSignatures.INPUTS);
        GraphDef named = withRandom(inputs.graph());
        Objective trained = objective(key, training);
        Objective evaluated = objective(TrainingSignatures.EVALUATE, evaluation);
        SortedMap<String, String> gradients = named(training, TrainingSignatures.GRADIENT);
        List<Tensor> outputs = ordered(
                use.map(signature -> tensors(named(signature, ""))).orElse(List.of()),
                Tensor::name,
                TrainingSignatures.OUTPUTS);

        List<String> inTraining = new ArrayList<>(tensorsOf(trained));
        inTraining.addAll(gradients.values());
        VariableWrites.Resolved resolved =
                VariableWrites.resolve(model, gradients.isEmpty() ? DerivableLosses.of(named) : named, inTraining);
        SortedMap<String, String> settings =
                setting.map(signature -> named(signature, "")).orElse(new TreeMap<>());
        Set<String> all = new HashSet<>(inTraining);
        all.addAll(tensorsOf(evaluated));
        outputs.forEach(output -> all.add(output.tensor()));
        all.addAll(resolved.updates().values());
        all.addAll(settings.values());
        rows.forEach(row -> all.add(row.name()));
        GraphDef part = GraphParts.needed(resolved.graph(), all);
        model.check(part, all);

        List<ModelGraph.Variable> there = model.variablesOf(part);
        Map<String, TensorProto> values = new HashMap<>();
        there.forEach(variable -> values.put(variable.name(), GraphParts.proto(model.value(variable))));
        SortedMap<String, String> updates = new TreeMap<>(settings);
        there.stream()
                .filter(variable -> resolved.updates().containsKey(variable.handle()))
                .forEach(variable ->
                        updates.put(variable.name(), resolved.updates().getOrDefault(variable.handle(), "")));
        List<ValueRange> ranges = ranges(rows);
        try (var check = new ModelTensors(model, part)) {
            check.number(key, trained);
            check.number(TrainingSignatures.EVALUATE, evaluated);
            check.ofVariables(
                    "output '%s%%s' of signature '%s'".formatted(TrainingSignatures.GRADIENT, key), there, gradients);
            check.ofVariables("the new value of variable '%s'", there, updates);
            for (ValueRange found :
                    ClassLabels.rangesOf(GraphParts.needed(named, tensorsOf(trained)), rows, check::shapeOf)) {
                if (ranges.stream().noneMatch(range -> range.input().equals(found.input()))) {
                    ranges.add(found);
                }
            }
        }
        Set<String> reached = GraphParts.names(GraphParts.needed(resolved.graph(), inTraining));
        List<TrainedVariable> variables = ordered(
                new VariableRoles(gradients, updates, reached).of(there, values),
                TrainedVariable::name,
                TrainingSignatures.VARIABLE_NAMES);
        var program =
                new TrainingProgram(part, rows, variables, trained, evaluated, gradients, updates, outputs, ranges);
        program.check();
        return program;
    }

    /** A saved program of this library draws random numbers of what need not be fed there, but is here. */
    private static GraphDef withRandom(GraphDef graph) {
        GraphDef.Builder changed = graph.toBuilder();
        for (NodeDef.Builder node : changed.getNodeBuilderList()) {
            if (node.getName().equals(TrainingGraph.RANDOM) && node.getOp().equals("PlaceholderWithDefault")) {
                node.setOp("Placeholder").clearInput();
            }
        }
        return changed.build();
    }

    /** Returns the outputs of a signature whose names begin so, by the rest of their names. */
    private SortedMap<String, String> named(SignatureDef signature, String prefix) {
        SortedMap<String, String> named = new TreeMap<>();
        signature.getOutputsMap().forEach((name, info) -> {
            if (name.startsWith(prefix)) {
                named.put(name.substring(prefix.length()), GraphParts.canonical(inputs.tensor(info.getName())));
            }
        });
        return named;
    }

    private static List<Tensor> tensors(SortedMap<String, String> named) {
        List<Tensor> tensors = new ArrayList<>();
        named.forEach((name, tensor) -> tensors.add(new Tensor(name, tensor)));
        return tensors;
    }

    private Objective objective(String signatureKey, SignatureDef signature) {
        SortedMap<String, String> named = named(signature, "");
        named.keySet().removeIf(name -> name.startsWith(TrainingSignatures.GRADIENT));
        String loss = named.remove(TrainingSignatures.LOSS);
        if (loss == null) {
            throw model.wrong("expected an output '%s' of signature '%s', found %s. Return the loss under that name"
                    .formatted(
                            TrainingSignatures.LOSS,
                            signatureKey,
                            signature.getOutputsMap().keySet().stream().sorted().toList()));
        }
        if (!signatureKey.equals(key)
                && !named.keySet()
                        .equals(objective(key, training).metrics().stream()
                                .map(Tensor::name)
                                .collect(Collectors.toSet()))) {
            throw model.wrong(
                    "expected the metrics of signature '%s' in signature '%s', found %s. Return the same of both"
                            .formatted(key, signatureKey, named.keySet()));
        }
        return new Objective(loss, ordered(tensors(named), Tensor::name, TrainingSignatures.METRICS));
    }

    private static List<String> tensorsOf(Objective objective) {
        List<String> tensors = new ArrayList<>();
        tensors.add(objective.loss());
        objective.metrics().forEach(metric -> tensors.add(metric.tensor()));
        return tensors;
    }

    /** Puts what has names in the order that the model was saved with, if it says so; others follow, by name. */
    private <T> List<T> ordered(Collection<T> all, Function<T, String> name, String collection) {
        Map<String, Integer> places = new HashMap<>();
        model.collection(collection).forEach(saved -> places.putIfAbsent(saved.toStringUtf8(), places.size()));
        return all.stream()
                .sorted(Comparator.<T>comparingInt(each -> places.getOrDefault(name.apply(each), Integer.MAX_VALUE))
                        .thenComparing(name))
                .toList();
    }

    private List<ValueRange> ranges(List<TensorSpec> rows) {
        List<ByteString> saved = model.collection(TrainingSignatures.RANGES);
        List<ValueRange> ranges = new ArrayList<>();
        try {
            for (int i = 0; i < saved.size(); i += 3) {
                ranges.add(new ValueRange(
                        saved.get(i).toStringUtf8(),
                        Long.parseLong(saved.get(i + 1).toStringUtf8()),
                        Long.parseLong(saved.get(i + 2).toStringUtf8())));
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw model.wrong("expected collection '%s' to hold ranges of inputs, found %s. Save it again"
                    .formatted(
                            TrainingSignatures.RANGES,
                            saved.stream().map(ByteString::toStringUtf8).toList()));
        }
        ranges.removeIf(range -> rows.stream().noneMatch(row -> row.name().equals(range.input())));
        return ranges;
    }

    /** Says of each variable what becomes of it in a step. */
    private final class VariableRoles {

        private final SortedMap<String, String> gradients;
        private final SortedMap<String, String> updates;
        private final Set<String> reached;
        private final Map<String, Boolean> trainable;

        VariableRoles(SortedMap<String, String> gradients, SortedMap<String, String> updates, Set<String> reached) {
            this.gradients = gradients;
            this.updates = updates;
            this.reached = reached;
            this.trainable = new HashMap<>();
        }

        List<TrainedVariable> of(List<ModelGraph.Variable> variables, Map<String, TensorProto> values) {
            trainable.putAll(model.trainable(variables));
            readCollection(variables);
            List<TrainedVariable> all = new ArrayList<>();
            for (ModelGraph.Variable variable : variables) {
                all.add(new TrainedVariable(
                        variable.name(),
                        variable.handle(),
                        variable.type(),
                        variable.shape(),
                        role(variable),
                        /* initialiser= */ null,
                        values.get(variable.name())));
            }
            return all;
        }

        private void readCollection(List<ModelGraph.Variable> variables) {
            Map<String, String> names = new HashMap<>();
            variables.forEach(variable -> names.put(variable.handle(), variable.name()));
            for (ByteString saved : model.collection(TrainingSignatures.VARIABLES)) {
                try {
                    VariableDef definition = VariableDef.parseFrom(saved);
                    String name = names.get(ModelInputs.operationOf(inputs.tensor(definition.getVariableName())));
                    if (name != null) {
                        trainable.put(name, definition.getTrainable());
                    }
                } catch (InvalidProtocolBufferException e) {
                    throw model.wrong(
                            "expected collection '%s' to hold variables, found bytes that are none (%s). Save it again"
                                    .formatted(TrainingSignatures.VARIABLES, e.getMessage()));
                }
            }
        }

        private Role role(ModelGraph.Variable variable) {
            if (updates.containsKey(variable.name())) {
                return Role.UPDATED;
            }
            boolean follows =
                    trainable.getOrDefault(variable.name(), trainable.isEmpty()) && reached.contains(variable.handle());
            if (gradients.containsKey(variable.name())
                    || (follows && gradients.isEmpty() && variable.type() == DataType.DT_FLOAT)) {
                if (variable.type() != DataType.DT_FLOAT) {
                    throw model.wrong("expected trained variable '%s' of DT_FLOAT, found %s. Train it as such"
                            .formatted(variable.name(), Shapes.describe(variable.type(), variable.shape())));
                }
                return Role.TRAINED;
            }
            if (follows && !gradients.isEmpty() && variable.type() == DataType.DT_FLOAT) {
                throw model.wrong(
                        "expected an output '%s%s' of signature '%s', since variable '%s' is trainable, found none. Return its gradient, or make the variable not trainable"
                                .formatted(TrainingSignatures.GRADIENT, variable.name(), key, variable.name()));
            }
            return Role.FROZEN;
        }
    }
}
