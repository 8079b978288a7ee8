package io.tensorbridge.train.graph;

import com.google.protobuf.ByteString;
import io.tensorbridge.tensor.GraphParts;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.tensor.TensorValue;
import io.tensorbridge.train.graph.TrainedVariable.Role;
import io.tensorbridge.train.graph.TrainingProgram.Objective;
import io.tensorbridge.train.graph.TrainingProgram.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Output;
import org.tensorflow.TensorFlow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.CollectionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.VariableDef;

/** The file {@code saved_model.pb} of a program that trains: its graph, a saver, and signatures for use and for training. */
final class SavedTraining {

    /** What the names of the files begin with that hold the values of variables. */
    static final String PREFIX = "variables/variables";

    private static final String PREDICT = "tensorflow/serving/predict";

    private final TrainingProgram program;
    private final GraphDef part;
    private final SaverNodes saver;

    private SavedTraining(TrainingProgram program) {
        this.program = program;
        this.part = prepared(program);
        this.saver = new SaverNodes(program.variables(), GraphParts.names(part));
    }

    /** Returns what the file holds. */
    static byte[] of(TrainingProgram program) {
        return new SavedTraining(program).model().toByteArray();
    }

    /** Returns what is needed of the graph; its variables go by their names, and its random numbers come of what need not be fed. */
    private static GraphDef prepared(TrainingProgram program) {
        List<String> tensors = new ArrayList<>(tensors(program.training()));
        tensors.addAll(tensors(program.evaluation()));
        tensors.addAll(program.gradients().values());
        tensors.addAll(program.updates().values());
        program.outputs().forEach(output -> tensors.add(output.tensor()));
        program.variables().forEach(variable -> tensors.add(variable.handle()));
        program.inputs().forEach(input -> tensors.add(input.name()));
        Map<String, String> names =
                program.variables().stream().collect(Collectors.toMap(TrainedVariable::handle, TrainedVariable::name));
        GraphDef needed = GraphParts.needed(program.graph(), tensors);
        List<NodeDef> nodes = new ArrayList<>();
        for (NodeDef node : needed.getNodeList()) {
            if (names.containsKey(node.getName())) {
                nodes.add(node.toBuilder()
                        .putAttr("shared_name", text(names.getOrDefault(node.getName(), "")))
                        .removeAttr("container")
                        .build());
            } else if (node.getName().equals(TrainingGraph.RANDOM)) {
                String name = GraphParts.freeName(GraphParts.names(needed), node.getName() + "/default");
                nodes.add(GraphParts.constant(name, TensorValue.of(Shape.of(2), 0L, 0L)));
                nodes.add(node.toBuilder()
                        .setOp("PlaceholderWithDefault")
                        .addInput(name)
                        .build());
            } else {
                nodes.add(node);
            }
        }
        return needed.toBuilder().clearNode().addAllNode(nodes).build();
    }

    private static List<String> tensors(Objective objective) {
        List<String> tensors = new ArrayList<>();
        tensors.add(objective.loss());
        objective.metrics().forEach(metric -> tensors.add(metric.tensor()));
        return tensors;
    }

    private SavedModel model() {
        GraphDef graph = part.toBuilder().addAllNode(saver.nodes()).build();
        var metaGraph = MetaGraphDef.newBuilder().setGraphDef(graph).setSaverDef(saver.definition());
        metaGraph.getMetaInfoDefBuilder().addTags("serve").setTensorflowVersion(TensorFlow.version());
        try (var imported = new Graph()) {
            imported.importGraphDef(graph);
            signatures(imported).forEach(metaGraph::putSignatureDef);
        }
        putCollections(metaGraph);
        return SavedModel.newBuilder()
                .setSavedModelSchemaVersion(1)
                .addMetaGraphs(metaGraph)
                .build();
    }

    private Map<String, SignatureDef> signatures(Graph imported) {
        Map<String, SignatureDef> signatures = new LinkedHashMap<>();
        if (!program.outputs().isEmpty()) {
            Map<String, String> outputs = new LinkedHashMap<>();
            program.outputs().forEach(output -> outputs.put(output.name(), output.tensor()));
            signatures.put(
                    TrainingSignatures.SERVING_DEFAULT, signature(imported, inputsOf(outputs.values()), outputs));
        }
        Map<String, String> training = objective(program.training());
        signatures.put(TrainingSignatures.TRAIN, signature(imported, program.inputs(), training));
        if (!program.evaluation().equals(program.training())) {
            Map<String, String> evaluation = objective(program.evaluation());
            signatures.put(TrainingSignatures.EVALUATE, signature(imported, inputsOf(evaluation.values()), evaluation));
        }
        if (!program.gradients().isEmpty()) {
            Map<String, String> gradients = new LinkedHashMap<>(training);
            program.gradients()
                    .forEach((variable, tensor) -> gradients.put(TrainingSignatures.GRADIENT + variable, tensor));
            signatures.put(TrainingSignatures.GRADIENTS, signature(imported, program.inputs(), gradients));
        }
        if (!program.updates().isEmpty()) {
            signatures.put(
                    TrainingSignatures.UPDATES,
                    signature(imported, inputsOf(program.updates().values()), program.updates()));
        }
        return signatures;
    }

    private static Map<String, String> objective(Objective objective) {
        Map<String, String> outputs = new LinkedHashMap<>();
        outputs.put(TrainingSignatures.LOSS, objective.loss());
        objective.metrics().forEach(metric -> outputs.put(metric.name(), metric.tensor()));
        return outputs;
    }

    /** Returns the placeholders that some tensors need. */
    private List<TensorSpec> inputsOf(Collection<String> tensors) {
        return GraphParts.needed(part, tensors).getNodeList().stream()
                .filter(node -> node.getOp().equals("Placeholder"))
                .map(GraphParts::specOf)
                .toList();
    }

    private static SignatureDef signature(Graph imported, List<TensorSpec> inputs, Map<String, String> outputs) {
        var signature = SignatureDef.newBuilder().setMethodName(PREDICT);
        inputs.forEach(input -> signature.putInputs(input.name(), GraphParts.info(input.name() + ":0", input)));
        outputs.forEach((name, tensor) -> {
            GraphOperation operation = imported.operation(tensor.substring(0, tensor.lastIndexOf(':')));
            Output<?> output = operation.output(Integer.parseInt(tensor.substring(tensor.lastIndexOf(':') + 1)));
            signature.putOutputs(
                    name, GraphParts.info(tensor, new TensorSpec(name, output.dataType(), output.shape())));
        });
        return signature.build();
    }

    private void putCollections(MetaGraphDef.Builder metaGraph) {
        List<ByteString> all = new ArrayList<>();
        List<ByteString> trained = new ArrayList<>();
        for (TrainedVariable variable : program.variables()) {
            ByteString definition = VariableDef.newBuilder()
                    .setVariableName(variable.handle() + ":0")
                    .setInitializerName(saver.restoring(variable))
                    .setSnapshotName(saver.reading(variable))
                    .setIsResource(true)
                    .setTrainable(variable.role() == Role.TRAINED)
                    .build()
                    .toByteString();
            all.add(definition);
            if (variable.role() == Role.TRAINED) {
                trained.add(definition);
            }
        }
        put(metaGraph, TrainingSignatures.VARIABLES, all);
        put(metaGraph, TrainingSignatures.TRAINABLE_VARIABLES, trained);
        put(metaGraph, TrainingSignatures.INPUTS, names(program.inputs(), TensorSpec::name));
        put(metaGraph, TrainingSignatures.METRICS, names(program.training().metrics(), Tensor::name));
        put(metaGraph, TrainingSignatures.OUTPUTS, names(program.outputs(), Tensor::name));
        put(metaGraph, TrainingSignatures.VARIABLE_NAMES, names(program.variables(), TrainedVariable::name));
        put(
                metaGraph,
                TrainingSignatures.RANGES,
                program.ranges().stream()
                        .flatMap(range ->
                                Arrays.asList(range.input(), Long.toString(range.least()), Long.toString(range.bound()))
                                        .stream())
                        .map(ByteString::copyFromUtf8)
                        .toList());
    }

    private static <T> List<ByteString> names(List<T> all, Function<T, String> name) {
        return all.stream().map(name).map(ByteString::copyFromUtf8).toList();
    }

    private static void put(MetaGraphDef.Builder metaGraph, String collection, List<ByteString> values) {
        if (!values.isEmpty()) {
            var definition = CollectionDef.newBuilder();
            definition.getBytesListBuilder().addAllValue(values);
            metaGraph.putCollectionDef(collection, definition.build());
        }
    }

    private static AttrValue text(String value) {
        return AttrValue.newBuilder().setS(ByteString.copyFromUtf8(value)).build();
    }
}
