package io.tensorbridge.train.graph;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.tensor.GraphParts;
import io.tensorbridge.tensor.ModelGraph;
import io.tensorbridge.tensor.ModelLoader;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorValue;
import io.tensorbridge.tensor.VariableFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * What comes of training: a program for use, or a saved model that can be used and trained on.
 *
 * <p>Trained values are those of a checkpoint, which is a directory with {@code variables.index} and {@code
 * variables.data-00000-of-00001} whose keys are the names of variables, or those of a map by the names of variables.
 */
public final class TrainedPrograms {

    private static final String CHECKPOINT = "variables";

    private TrainedPrograms() {}

    /**
     * Makes a program of the outputs, with the values of variables as constants of its graph.
     *
     * @param values a value for each variable that the outputs need; others are of no effect
     * @throws IllegalArgumentException if the program has no outputs, a value is missing or of another type or shape, or a graph
     *     cannot hold them, which is to be at most 2 GiB
     */
    public static Program program(TrainingProgram program, Map<String, TensorValue> values) {
        GraphDef part = outputsOf(program);
        List<TrainedVariable> needed = variablesOf(program, part);
        checkSize(part, needed);
        needed.forEach(variable -> check("make a program of trained values", variable, values));
        Map<String, String> outputs = new LinkedHashMap<>();
        program.outputs().forEach(output -> outputs.put(output.name(), output.tensor()));
        return GraphParts.program(FrozenGraph.of(part, needed, values), outputs);
    }

    /**
     * Makes a program of the outputs, as {@link #program(TrainingProgram, Map)} does.
     *
     * @param checkpoint the directory of a checkpoint; it is not needed afterwards
     * @throws ProgramException if there is no such checkpoint, it is not whole, or it is of another program
     */
    public static Program program(TrainingProgram program, Path checkpoint) {
        GraphDef part = outputsOf(program);
        List<TrainedVariable> needed = variablesOf(program, part);
        checkSize(part, needed);
        VariableFiles files = files(checkpoint, needed);
        return program(
                program, files.values(needed.stream().map(TrainedVariable::name).toList()));
    }

    /**
     * Saves a program and trained values as a saved model of TensorFlow's, which {@link Program#fromSavedModel(Path)} and Python
     * load for use, and {@link TrainingProgram#fromSavedModel(Path)} to train on.
     *
     * <p>Its signatures: {@code serving_default}, from the inputs that the outputs need to the outputs; {@code train}, from all
     * inputs to {@code loss} and the metrics; {@code evaluate}, the same as it is validated, if that differs; {@code updates}, to
     * the new values of variables that are not trained by gradients, if there are such; {@code gradients}, if the program computes
     * them itself, else they are TensorFlow's to derive.
     *
     * @param values a value for each variable
     * @param target an empty place; {@code saved_model.pb} is written last
     * @throws IllegalArgumentException if a value is missing, or of another type or shape
     * @throws ProgramException if the files cannot be written
     */
    public static void save(TrainingProgram program, Map<String, TensorValue> values, ModelTarget target) {
        program.variables().forEach(variable -> check("save trained values", variable, values));
        SortedMap<String, TensorValue> known = new TreeMap<>();
        program.variables().forEach(variable -> known.put(variable.name(), values.get(variable.name())));
        save(program, target, () -> VariableFiles.write(known, target, SavedTraining.PREFIX));
    }

    /**
     * Saves a program and trained values, as {@link #save(TrainingProgram, Map, ModelTarget)} does. The values are copied from file
     * to file.
     *
     * @param checkpoint the directory of a checkpoint; it is not needed afterwards
     * @throws ProgramException if there is no such checkpoint, it is not whole, or it is of another program
     */
    public static void save(TrainingProgram program, Path checkpoint, ModelTarget target) {
        VariableFiles files = files(checkpoint, program.variables());
        save(program, target, () -> files.copyTo(target, SavedTraining.PREFIX));
    }

    private interface Writing {
        void write() throws IOException;
    }

    private static void save(TrainingProgram program, ModelTarget target, Writing values) {
        try {
            byte[] model = SavedTraining.of(program);
            values.write();
            try (var out = target.create("saved_model.pb")) {
                out.write(model);
            }
        } catch (IOException e) {
            throw new ProgramException(
                    "Cannot save a trained program",
                    "expected '%s' to take its files, found that it does not (%s). Try again, or save it elsewhere"
                            .formatted(target.location(), e.getMessage()),
                    e);
        }
    }

    /**
     * Reads all values of a checkpoint.
     *
     * @param checkpoint the directory of a checkpoint
     * @return the values, on the heap, by the names of variables
     * @throws ProgramException if there is no such checkpoint, or it is not whole
     */
    public static SortedMap<String, TensorValue> values(Path checkpoint) {
        VariableFiles files = VariableFiles.of(ModelFolder.of(checkpoint), CHECKPOINT);
        return files.values(files.names());
    }

    /**
     * Reads the values of the variables of a saved model, of whichever of them its signatures need: to begin from, with {@code
     * startingFrom}. It needs no signatures for training.
     *
     * @return the values, on the heap, by the names of variables
     * @throws ProgramException if there is no such model, or something cannot be read
     */
    public static SortedMap<String, TensorValue> values(ModelLoader model) {
        ModelGraph graph = ModelGraph.of(model);
        Set<String> tensors = graph.signatures().stream()
                .flatMap(key -> graph.signature(key).getOutputsMap().values().stream())
                .map(info -> GraphParts.canonical(info.getName()))
                .collect(Collectors.toSet());
        SortedMap<String, TensorValue> values = new TreeMap<>();
        graph.variablesOf(GraphParts.needed(graph.graph(), tensors))
                .forEach(variable -> values.put(variable.name(), graph.value(variable)));
        return values;
    }

    /**
     * Reads the values of some variables of a saved model: of those whose whole names match a pattern.
     *
     * @param pattern a regular expression, such as {@code "features/.*"}
     * @throws IllegalArgumentException if no variable has such a name
     * @throws ProgramException as {@link #values(ModelLoader)} does
     */
    public static SortedMap<String, TensorValue> values(ModelLoader model, String pattern) {
        SortedMap<String, TensorValue> values = values(model);
        List<String> names = List.copyOf(values.keySet());
        values.keySet().removeIf(Pattern.compile(pattern).asMatchPredicate().negate());
        if (values.isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot read the values of variables '%s': expected one of %s".formatted(pattern, names));
        }
        return values;
    }

    private static GraphDef outputsOf(TrainingProgram program) {
        if (program.outputs().isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot make a program of trained values: expected outputs, found none. Name what the program gives with output(…)");
        }
        return GraphParts.needed(
                program.graph(),
                program.outputs().stream().map(TrainingProgram.Tensor::tensor).toList());
    }

    private static List<TrainedVariable> variablesOf(TrainingProgram program, GraphDef part) {
        Set<String> handles = part.getNodeList().stream().map(NodeDef::getName).collect(Collectors.toSet());
        return program.variables().stream()
                .filter(variable -> handles.contains(variable.handle()))
                .toList();
    }

    private static void checkSize(GraphDef part, List<TrainedVariable> variables) {
        long bytes = part.getSerializedSize();
        for (TrainedVariable variable : variables) {
            bytes += Math.multiplyExact(variable.shape().size(), Shapes.bytesOf(variable.elementType()));
        }
        if (bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "Cannot make a program of trained values: expected a graph of at most %d bytes, found variables that make it one of %d. Save it as a saved model with TrainedPrograms.save(…), and load that with Program.fromSavedModel(…)"
                            .formatted(Integer.MAX_VALUE, bytes));
        }
    }

    private static void check(String what, TrainedVariable variable, Map<String, TensorValue> values) {
        String expected = Shapes.describe(variable.elementType(), variable.shape());
        TensorValue value = values.get(variable.name());
        if (value == null) {
            throw new IllegalArgumentException(
                    "Cannot %s: expected a value of variable '%s' of %s, found none. Give the values of this program"
                            .formatted(what, variable.name(), expected));
        }
        if (!value.toString().equals(expected)) {
            throw new IllegalArgumentException(
                    "Cannot %s: expected a value of variable '%s' of %s, found %s. Give the values of this program"
                            .formatted(what, variable.name(), expected, value));
        }
    }

    private static VariableFiles files(Path checkpoint, List<TrainedVariable> variables) {
        VariableFiles files = VariableFiles.of(ModelFolder.of(checkpoint), CHECKPOINT);
        variables.forEach(variable -> files.check(variable.name(), variable.elementType(), variable.shape()));
        return files;
    }
}
