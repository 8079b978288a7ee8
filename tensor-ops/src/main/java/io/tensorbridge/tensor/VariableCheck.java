package io.tensorbridge.tensor;

import com.google.protobuf.ByteString;
import io.tensorbridge.model.internal.CheckpointFiles;
import io.tensorbridge.model.internal.GraphNames;
import io.tensorbridge.model.internal.Initialisers;
import io.tensorbridge.model.internal.ModelFiles;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * Checks that a model's variables are all there, as they were written.
 *
 * <p>Without its variables TensorFlow loads a model all the same, and fails at the first run; of broken ones it tells where
 * the model is loaded, which is in a task.
 */
final class VariableCheck {

    private static final Set<String> VARIABLES = Set.of("VarHandleOp", "VariableV2", "Variable");
    private static final String PREFIX = "variables/variables";

    private final ModelSource source;
    private final MetaGraphDef metaGraph;
    private final ModelFiles files;

    VariableCheck(ModelSource source, MetaGraphDef metaGraph, ModelFiles files) {
        this.source = source;
        this.metaGraph = metaGraph;
        this.files = files;
    }

    /**
     * Checks the variables of a model.
     *
     * @param closure what the outputs of the program need
     */
    void check(GraphClosure closure) {
        if (files.paths().contains(CheckpointFiles.indexOf(PREFIX))) {
            CheckpointFiles checkpoint = source.reading(() -> CheckpointFiles.read(files, PREFIX));
            checkRestored(checkpoint);
            source.reading(() -> {
                checkpoint.checkValues();
                return checkpoint;
            });
        } else if (nodes(closure).anyMatch(VariableCheck::isVariable)) {
            throw source.wrong(
                    "expected file '%s', since the model has variables, found no such file. Copy the whole directory"
                            .formatted(CheckpointFiles.indexOf(PREFIX)));
        }
        checkAssigned(closure);
    }

    /** Checks that what is restored stands in the checkpoint. */
    private void checkRestored(CheckpointFiles checkpoint) {
        GraphDef graph = metaGraph.getGraphDef();
        String restore = metaGraph.getSaverDef().getRestoreOpName();
        if (restore.isEmpty()) {
            return;
        }
        GraphClosure closure = GraphClosure.of(graph, List.of(restore));
        checkRestored(checkpoint, closure.nodes());
        Set<NodeDef> reached = new HashSet<>();
        closure.functionNodes().stream().filter(VariableCheck::isRestore).forEach(reached::add);
        for (FunctionDef function : graph.getLibrary().getFunctionList()) {
            if (function.getNodeDefList().stream().anyMatch(node -> isRestore(node) && reached.contains(node))) {
                checkRestored(checkpoint, function.getNodeDefList());
            }
        }
    }

    private static boolean isRestore(NodeDef node) {
        return node.getOp().equals("RestoreV2");
    }

    private void checkRestored(CheckpointFiles checkpoint, List<NodeDef> nodes) {
        Map<String, NodeDef> byName = new HashMap<>();
        nodes.forEach(node -> byName.put(node.getName(), node));
        for (NodeDef node : nodes) {
            if (isRestore(node) && node.getInputCount() > 1) {
                NodeDef names = byName.get(GraphNames.operationOf(node.getInput(1)));
                if (names != null && names.getOp().equals("Const")) {
                    checkRestored(
                            checkpoint,
                            names.getAttrOrDefault("value", AttrValue.getDefaultInstance())
                                    .getTensor()
                                    .getStringValList(),
                            node.getAttrOrDefault("dtypes", AttrValue.getDefaultInstance())
                                    .getList()
                                    .getTypeList());
                }
            }
        }
    }

    private void checkRestored(CheckpointFiles checkpoint, List<ByteString> names, List<DataType> types) {
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i).toStringUtf8();
            Optional<DataType> found = checkpoint.typeOf(name);
            if (found.isEmpty()) {
                throw source.wrong(
                        "expected variable '%s', which the model restores, found none of that name in file '%s'. Copy the files of one model"
                                .formatted(name, CheckpointFiles.indexOf(PREFIX)));
            }
            if (i < types.size() && !found.get().equals(types.get(i))) {
                throw source.wrong(
                        "expected variable '%s' of %s, which the model restores, found %s in file '%s'. Copy the files of one model"
                                .formatted(name, types.get(i), found.get(), CheckpointFiles.indexOf(PREFIX)));
            }
        }
    }

    /** Checks that something gives a value to each variable that the outputs need. */
    private void checkAssigned(GraphClosure closure) {
        if (nodes(closure).anyMatch(node -> node.getOp().startsWith("Assign"))) {
            return; // it may do so itself
        }
        List<String> variables = closure.nodes().stream()
                .filter(VariableCheck::isVariable)
                .map(NodeDef::getName)
                .toList();
        if (variables.isEmpty()) {
            return;
        }
        Set<String> loading = new HashSet<>();
        GraphClosure.of(metaGraph.getGraphDef(), loadingOps()).nodes().forEach(node -> loading.add(node.getName()));
        for (String variable : variables) {
            if (!loading.contains(variable)) {
                throw source.wrong(
                        "expected variable '%s', which its outputs need, to be restored when it is loaded, found that nothing does. Export it again, with that variable saved"
                                .formatted(variable));
            }
        }
    }

    private List<String> loadingOps() {
        List<String> ops = new ArrayList<>(Initialisers.of(metaGraph));
        ops.add(metaGraph.getSaverDef().getRestoreOpName());
        return ops;
    }

    private static boolean isVariable(NodeDef node) {
        return VARIABLES.contains(node.getOp());
    }

    private static Stream<NodeDef> nodes(GraphClosure closure) {
        return Stream.concat(closure.nodes().stream(), closure.functionNodes().stream());
    }
}
