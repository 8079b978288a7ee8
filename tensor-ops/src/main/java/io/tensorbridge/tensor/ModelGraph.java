package io.tensorbridge.tensor;

import com.google.protobuf.ByteString;
import io.tensorbridge.model.internal.CheckpointFiles;
import io.tensorbridge.model.internal.GraphNames;
import io.tensorbridge.model.internal.ModelFiles;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.CollectionDef;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedVariable;
import org.tensorflow.proto.SignatureDef;

/**
 * A saved model as one graph without calls, and the values of its variables; for the packages of training.
 *
 * <p>The model has been held to its policy. A variable has one handle in the graph, whatever number the model has of it.
 */
public final class ModelGraph {

    private static final String PREFIX = "variables/variables";
    private static final String VAR_HANDLE = "VarHandleOp";

    private final ModelSource source;
    private final SavedModelReader.Model model;
    private final Map<String, String> handed = new HashMap<>(); // operations by the tensors that they give
    private final GraphDef graph;
    private final VariableKeys keys;
    private final Optional<VariableFiles> files;

    private ModelGraph(ModelSource source, SavedModelReader.Model model) {
        this.source = source;
        this.model = model;
        GraphDef inlined = FunctionInliner.inline(
                        source.what(), model.metaGraph().getGraphDef(), name -> true)
                .graph();
        this.graph = GraphDef.newBuilder(inlined)
                .clearNode()
                .addAllNode(withOneHandleEach(withoutLists(inlined.getNodeList())))
                .build();
        this.keys = new VariableKeys(graph, model.metaGraph());
        this.files = model.files().paths().contains(CheckpointFiles.indexOf(PREFIX))
                ? Optional.of(new VariableFiles(source, model.files(), PREFIX))
                : Optional.empty();
    }

    /**
     * A variable of the graph.
     *
     * @param name its name, of no other variable
     * @param handle the operation that gives its handle
     */
    public record Variable(String name, String handle, DataType type, Shape shape) {}

    /**
     * Reads a saved model.
     *
     * @throws ProgramException if there is no such model, something cannot be read, or its policy does not allow it
     */
    public static ModelGraph of(ModelLoader loader) {
        var source = new ModelSource(loader.folder());
        ModelFiles files = source.savedModel();
        source.checkPin(files, loader.pinned());
        return new ModelGraph(source, SavedModelReader.model(source, files, loader.tags(), loader));
    }

    /**
     * Takes apart what hands on several tensors, as a function's results are, for TensorFlow derives no gradients of it. The tensor
     * {@code call:1} is {@code call/handed_1} then; what is waited for is the same.
     */
    private List<NodeDef> withoutLists(List<NodeDef> nodes) {
        Set<String> taken = new HashSet<>();
        nodes.forEach(node -> taken.add(node.getName()));
        for (NodeDef node : nodes) {
            if (node.getOp().equals("IdentityN")) {
                for (int i = 1; i < typesOf(node).size(); i++) {
                    String name = GraphParts.freeName(taken, node.getName() + "/handed_" + i);
                    taken.add(name);
                    handed.put(node.getName() + ":" + i, name);
                }
            }
        }
        List<NodeDef> apart = new ArrayList<>();
        for (NodeDef node : nodes) {
            var moved = node.toBuilder().clearInput();
            node.getInputList().forEach(input -> moved.addInput(handed.getOrDefault(input, input)));
            if (!node.getOp().equals("IdentityN")) {
                apart.add(moved.build());
                continue;
            }
            List<String> waits = node.getInputList().stream()
                    .filter(input -> input.startsWith("^"))
                    .toList();
            for (int i = 0; i < typesOf(node).size(); i++) {
                apart.add(NodeDef.newBuilder()
                        .setName(handed.getOrDefault(node.getName() + ":" + i, node.getName()))
                        .setOp("Identity")
                        .addInput(moved.getInput(i))
                        .addAllInput(waits)
                        .putAttr("T", Attrs.type(typesOf(node).get(i)))
                        .build());
            }
        }
        return apart;
    }

    private static List<DataType> typesOf(NodeDef node) {
        return node.getAttrOrDefault("T", AttrValue.getDefaultInstance())
                .getList()
                .getTypeList();
    }

    private static List<NodeDef> withOneHandleEach(List<NodeDef> nodes) {
        Map<String, String> first = new HashMap<>();
        Map<String, String> same = new HashMap<>();
        for (NodeDef node : nodes) {
            if (node.getOp().equals(VAR_HANDLE)) {
                String key = text(node, "container") + "\0" + variableName(node);
                String kept = first.putIfAbsent(key, node.getName());
                if (kept != null) {
                    same.put(node.getName(), kept);
                }
            }
        }
        List<NodeDef> kept = new ArrayList<>();
        for (NodeDef node : nodes) {
            if (!same.containsKey(node.getName())) {
                var changed = node.toBuilder().clearInput().clearDevice().removeAttr("_class");
                node.getInputList().forEach(input -> {
                    String other = same.get(GraphNames.operationOf(input));
                    changed.addInput(other == null ? input : (input.startsWith("^") ? "^" : "") + other);
                });
                kept.add(changed.build());
            }
        }
        return kept;
    }

    private static String variableName(NodeDef handle) {
        String shared = text(handle, "shared_name");
        return shared.isEmpty() ? handle.getName() : shared;
    }

    private static String text(NodeDef node, String attr) {
        return node.getAttrOrDefault(attr, AttrValue.getDefaultInstance())
                .getS()
                .toStringUtf8();
    }

    /** Returns the graph: no calls but those of loops and branches and of what is compiled. */
    public GraphDef graph() {
        return graph;
    }

    /** Returns the name of the model. */
    public String name() {
        return source.name();
    }

    /** Returns the names of the signatures, in order. */
    public List<String> signatures() {
        return ModelSignatures.namesOf(model.metaGraph());
    }

    /** Returns the name of the signature that the loader was told to take. */
    public String chosenSignature() {
        return model.loader().signature();
    }

    /**
     * Returns a signature.
     *
     * @throws ProgramException if there is none of that name, or its tensors are not there
     */
    public SignatureDef signature(String key) {
        SignatureDef signature = SavedModelReader.signature(source, model.metaGraph(), key);
        var moved = signature.toBuilder();
        signature.getOutputsMap().forEach((name, info) -> {
            String tensor = ProgramGraph.canonical(info.getName());
            moved.putOutputs(
                    name,
                    info.toBuilder()
                            .setName(handed.containsKey(tensor) ? handed.get(tensor) + ":0" : tensor)
                            .build());
        });
        return moved.build();
    }

    /** Returns the strings of a collection, in order; none if there is no such collection. */
    public List<ByteString> collection(String name) {
        return model.metaGraph()
                .getCollectionDefOrDefault(name, CollectionDef.getDefaultInstance())
                .getBytesList()
                .getValueList();
    }

    /** Returns which of some variables the model says are trainable, by name; nothing is said of those that are missing. */
    public Map<String, Boolean> trainable(List<Variable> variables) {
        Map<String, Boolean> trainable = new HashMap<>();
        for (Variable variable : variables) {
            keys.objectOf(variable.handle()).ifPresent(saved -> trainable.put(variable.name(), saved.getTrainable()));
        }
        return trainable;
    }

    /**
     * Returns the variables among the operations of a part of this graph, in its order.
     *
     * <p>They go by the names that the model's objects have for them, such as {@code hidden/kernel}; a session may call them
     * otherwise, since there may be several of one name. Where the part has several, the session's names stay.
     */
    public List<Variable> variablesOf(GraphDef part) {
        List<NodeDef> handles = part.getNodeList().stream()
                .filter(node -> node.getOp().equals(VAR_HANDLE))
                .toList();
        Map<String, Long> numbers =
                handles.stream().collect(Collectors.groupingBy(this::objectName, Collectors.counting()));
        Map<String, Variable> variables = new LinkedHashMap<>();
        for (NodeDef node : handles) {
            String objectName = objectName(node);
            String name = numbers.getOrDefault(objectName, 0L) == 1 ? objectName : variableName(node);
            var variable = new Variable(
                    name,
                    node.getName(),
                    node.getAttrOrDefault("dtype", AttrValue.getDefaultInstance())
                            .getType(),
                    Shapes.of(node.getAttrOrDefault("shape", AttrValue.getDefaultInstance())
                            .getShape()));
            if (Shapes.elements(variable.shape()) < 0) {
                throw wrong("expected variable '%s' of a shape that is known, found %s. Export it with one"
                        .formatted(name, Shapes.describe(variable.type(), variable.shape())));
            }
            if (variables.put(name, variable) != null) {
                throw wrong(
                        "expected one variable '%s', found two. Give them names of their own, and export the model again"
                                .formatted(name));
            }
        }
        return List.copyOf(variables.values());
    }

    private String objectName(NodeDef handle) {
        return keys.objectOf(handle.getName()).map(SavedVariable::getName).orElse(variableName(handle));
    }

    /**
     * Checks that a part of this graph has no other state than variables, which is what training keeps, and that the policy
     * allows what it has to be run.
     *
     * @param tensors those of the part that are asked for
     */
    public void check(GraphDef part, Collection<String> tensors) {
        var operations = new Operations(part);
        for (NodeDef node : part.getNodeList()) {
            boolean isResource = operations.definitionOf(node.getOp()).stream()
                    .flatMap(op -> op.getOutputArgList().stream())
                    .map(OpDef.ArgDef::getType)
                    .anyMatch(type -> type == DataType.DT_RESOURCE);
            if ((isResource && !node.getOp().equals(VAR_HANDLE)) || node.getOp().startsWith("Variable")) {
                throw wrong(
                        "expected no other state than resource variables, found %s '%s'. Export the part of the model without it, and feed that with what it gives"
                                .formatted(node.getOp(), node.getName()));
            }
        }
        ModelCheck.checkOutputs(
                source.what(), part, tensors, Set.of(), model.loader().policy());
    }

    /**
     * Returns the value of a variable as the model was saved with it.
     *
     * @throws ProgramException if it was not saved, is of another type or shape, or is not as it was written
     */
    public TensorValue value(Variable variable) {
        VariableFiles stored = files.orElseThrow(() ->
                wrong("expected file '%s', since the model has variables, found no such file. Copy the whole directory"
                        .formatted(CheckpointFiles.indexOf(PREFIX))));
        String key = keys.keyOf(variable.handle())
                .orElseThrow(() -> wrong(
                        "expected variable '%s' to be restored when the model is loaded, found that nothing does. Export it again, with that variable saved"
                                .formatted(variable.name())));
        stored.check(key, variable.type(), variable.shape());
        return stored.value(key);
    }

    /** Returns the exception that says what is wrong with the model. */
    public ProgramException wrong(String reason) {
        return source.wrong(reason);
    }
}
