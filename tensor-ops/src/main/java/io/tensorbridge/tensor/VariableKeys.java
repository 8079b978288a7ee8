package io.tensorbridge.tensor;

import com.google.protobuf.ByteString;
import io.tensorbridge.model.internal.GraphNames;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObject;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedVariable;

/** What the variables of a saved model are called in its checkpoint, as the operation tells that restores them. */
final class VariableKeys {

    private static final String OBJECT_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"; // how keys of objects' values end

    private final List<SavedObject> objects;
    private final Map<String, String> keys = new HashMap<>(); // by handle

    /**
     * @param graph the model's graph, without calls
     */
    VariableKeys(GraphDef graph, MetaGraphDef metaGraph) {
        objects = metaGraph.getObjectGraphDef().getNodesList();
        Map<String, NodeDef> byName = new HashMap<>();
        graph.getNodeList().forEach(node -> byName.put(node.getName(), node));
        for (NodeDef node : GraphClosure.of(
                        graph, List.of(metaGraph.getSaverDef().getRestoreOpName()))
                .nodes()) {
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

    /** Returns the key of a variable, or nothing if none is restored. */
    Optional<String> keyOf(String handle) {
        return Optional.ofNullable(keys.get(handle));
    }

    /** Returns what is said of a variable among the objects of the model; the way to it is its key in the checkpoint. */
    Optional<SavedVariable> objectOf(String handle) {
        String key = keys.getOrDefault(handle, "");
        if (!key.endsWith(OBJECT_VALUE)) {
            return Optional.empty();
        }
        int at = 0;
        for (String step :
                key.substring(0, key.length() - OBJECT_VALUE.length()).split("/", -1)) {
            int next = at < 0 || at >= objects.size() ? -1 : childOf(objects.get(at), step);
            if (next < 0) {
                return Optional.empty();
            }
            at = next;
        }
        return at < objects.size()
                        && objects.get(at).hasVariable()
                        && !objects.get(at).getVariable().getName().isEmpty()
                ? Optional.of(objects.get(at).getVariable())
                : Optional.empty();
    }

    private static int childOf(SavedObject object, String step) {
        return object.getChildrenList().stream()
                .filter(child -> child.getLocalName()
                        .replace(".", "..")
                        .replace("/", ".S")
                        .equals(step))
                .map(child -> child.getNodeId())
                .findFirst()
                .orElse(-1);
    }
}
