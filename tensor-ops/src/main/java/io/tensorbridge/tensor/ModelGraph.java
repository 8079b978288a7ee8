package io.tensorbridge.tensor;

import com.google.protobuf.ByteString;
import io.tensorbridge.model.internal.CheckpointFiles;
import io.tensorbridge.model.internal.GraphNames;
import io.tensorbridge.model.internal.ModelFiles;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.CollectionDef;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
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
    private final GraphDef graph;
    private final Map<String, String> keys; // of variables in the checkpoint, by handle
    private final Optional<VariableFiles> files;

    private ModelGraph(ModelSource source, SavedModelReader.Model model) {
        this.source = source;
        this.model = model;
        GraphDef inlined = FunctionInliner.inline(
                        source.what(), model.metaGraph().getGraphDef(), name -> true)
                .graph();
        this.graph = GraphDef.newBuilder(inlined)
                .clearNode()
                .addAllNode(withOneHandleEach(inlined.getNodeList()))
                .build();
        this.keys = keys(graph, model.metaGraph().getSaverDef().getRestoreOpName());
        this.files = model.files().paths().contains(CheckpointFiles.indexOf(PREFIX))
                ? Optional.of(new VariableFiles(source, model.files(), PREFIX))
                : Optional.empty();
    }

    /**
     * A variable of the graph.
     *
     * @param name its name in the session
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

    /** Returns what each variable is called in the checkpoint, by its handle, as the operation tells that restores it. */
    private static Map<String, String> keys(GraphDef graph, String restore) {
        Map<String, NodeDef> byName = new HashMap<>();
        graph.getNodeList().forEach(node -> byName.put(node.getName(), node));
        Map<String, String> keys = new HashMap<>();
        for (NodeDef node : GraphClosure.of(graph, List.of(restore)).nodes()) {
            if (node.getOp().equals("AssignVariableOp") && node.getInputCount() >= 2) {
                String value = origin(byName, node.getInput(1));
                NodeDef restored = byName.get(GraphNames.operationOf(value));
                if (restored != null && restored.getOp().equals("RestoreV2") && restored.getInputCount() >= 2) {
                    NodeDef names = byName.get(GraphNames.operationOf(origin(byName, restored.getInput(1))));
                    List<ByteString> strings = names == null
                            ? List.of()
                            : names.getAttrOrDefault("value", AttrValue.getDefaultInstance())
                                    .getTensor()
                                    .getStringValList();
                    int index = GraphNames.indexOf(value);
                    if (index >= 0 && index < strings.size()) {
                        keys.put(
                                GraphNames.operationOf(origin(byName, node.getInput(0))),
                                strings.get(index).toStringUtf8());
                    }
                }
            }
        }
        return keys;
    }

    /** Follows a tensor back through operations that only hand it on. */
    private static String origin(Map<String, NodeDef> nodes, String tensor) {
        String at = ProgramGraph.canonical(tensor);
        for (int steps = 0; steps <= nodes.size(); steps++) {
            NodeDef node = nodes.get(GraphNames.operationOf(at));
            int index = GraphNames.indexOf(at);
            if (node == null
                    || !(node.getOp().equals("Identity") || node.getOp().equals("IdentityN"))
                    || index < 0
                    || index >= node.getInputCount()
                    || node.getInput(index).startsWith("^")) {
                return at;
            }
            at = ProgramGraph.canonical(node.getInput(index));
        }
        return at;
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
        return SavedModelReader.signature(source, model.metaGraph(), key);
    }

    /** Returns the strings of a collection, in order; none if there is no such collection. */
    public List<ByteString> collection(String name) {
        return model.metaGraph()
                .getCollectionDefOrDefault(name, CollectionDef.getDefaultInstance())
                .getBytesList()
                .getValueList();
    }

    /** Returns which variables are said to be trainable, by name; nothing is said of those that are missing. */
    public Map<String, Boolean> trainable() {
        Map<String, Boolean> trainable = new HashMap<>();
        MetaGraphDef metaGraph = model.metaGraph();
        metaGraph.getObjectGraphDef().getNodesList().forEach(node -> {
            if (node.hasVariable()) {
                trainable.put(node.getVariable().getName(), node.getVariable().getTrainable());
            }
        });
        return trainable;
    }

    /** Returns the variables among the operations of a part of this graph, in its order. */
    public List<Variable> variablesOf(GraphDef part) {
        Map<String, Variable> variables = new LinkedHashMap<>();
        for (NodeDef node : part.getNodeList()) {
            if (node.getOp().equals(VAR_HANDLE)) {
                String name = variableName(node);
                var variable = new Variable(
                        name,
                        node.getName(),
                        node.getAttrOrDefault("dtype", AttrValue.getDefaultInstance())
                                .getType(),
                        Shapes.of(node.getAttrOrDefault("shape", AttrValue.getDefaultInstance())
                                .getShape()));
                if (variables.put(name, variable) != null) {
                    throw wrong("expected one variable '%s', found two in containers of their own. Export it again"
                            .formatted(name));
                }
            }
        }
        return List.copyOf(variables.values());
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
        String key = keys.get(variable.handle());
        if (key == null) {
            throw wrong(
                    "expected variable '%s' to be restored when the model is loaded, found that nothing does. Export it again, with that variable saved"
                            .formatted(variable.name()));
        }
        stored.check(key, variable.type(), variable.shape());
        return stored.value(key);
    }

    /** Returns the exception that says what is wrong with the model. */
    public ProgramException wrong(String reason) {
        return source.wrong(reason);
    }
}
