package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.GraphParts;
import io.tensorbridge.tensor.TensorValue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SaverDef;
import org.tensorflow.proto.TensorShapeProto;

/** The operations of a saved model that save and restore its variables, which TensorFlow's loader runs. */
final class SaverNodes {

    private final List<NodeDef> nodes = new ArrayList<>();
    private final Map<String, String> reads = new HashMap<>(); // by the names of variables
    private final Map<String, String> assignments = new HashMap<>();
    private final SaverDef definition;

    /**
     * @param variables what is saved
     * @param taken the names of the graph's operations
     */
    SaverNodes(List<TrainedVariable> variables, Set<String> taken) {
        String scope = "save";
        for (int i = 1; taken.contains(scope) || startsAny(taken, scope + "/"); i++) {
            scope = "save_" + i;
        }
        String file = scope + "/filename";
        nodes.add(node("Placeholder", file)
                .putAttr("dtype", type(DataType.DT_STRING))
                .putAttr(
                        "shape",
                        AttrValue.newBuilder()
                                .setShape(TensorShapeProto.getDefaultInstance())
                                .build())
                .build());
        List<DataType> types =
                variables.stream().map(TrainedVariable::elementType).toList();
        String names = constant(
                scope + "/names", variables.stream().map(TrainedVariable::name).toList());
        String whole = constant(scope + "/slices", Collections.nCopies(variables.size(), ""));
        NodeDef.Builder save = node("SaveV2", scope + "/save")
                .addInput(file)
                .addInput(names)
                .addInput(whole)
                .putAttr("dtypes", types(types));
        NodeDef.Builder restoreAll = node("NoOp", scope + "/restore_all");
        nodes.add(node("RestoreV2", scope + "/restore")
                .addInput(file)
                .addInput(names)
                .addInput(whole)
                .putAttr("dtypes", types(types))
                .build());
        for (int i = 0; i < variables.size(); i++) {
            TrainedVariable variable = variables.get(i);
            String read = scope + "/read_" + i;
            String assign = scope + "/assign_" + i;
            nodes.add(node("ReadVariableOp", read)
                    .addInput(variable.handle())
                    .putAttr("dtype", type(variable.elementType()))
                    .build());
            nodes.add(node("AssignVariableOp", assign)
                    .addInput(variable.handle())
                    .addInput(scope + "/restore:" + i)
                    .putAttr("dtype", type(variable.elementType()))
                    .build());
            save.addInput(read);
            restoreAll.addInput("^" + assign);
            reads.put(variable.name(), read + ":0");
            assignments.put(variable.name(), assign);
        }
        nodes.add(save.build());
        nodes.add(restoreAll.build());
        nodes.add(node("Identity", scope + "/saved")
                .addInput(file)
                .addInput("^" + scope + "/save")
                .putAttr("T", type(DataType.DT_STRING))
                .build());
        definition = SaverDef.newBuilder()
                .setFilenameTensorName(file + ":0")
                .setSaveTensorName(scope + "/saved:0")
                .setRestoreOpName(scope + "/restore_all")
                .setVersion(SaverDef.CheckpointFormatVersion.V2)
                .build();
    }

    private static boolean startsAny(Set<String> names, String prefix) {
        return names.stream().anyMatch(name -> name.startsWith(prefix));
    }

    private String constant(String name, List<String> values) {
        nodes.add(GraphParts.constant(name, TensorValue.of(Shape.of(values.size()), values.toArray(String[]::new))));
        return name;
    }

    private static NodeDef.Builder node(String op, String name) {
        return NodeDef.newBuilder().setOp(op).setName(name);
    }

    private static AttrValue type(DataType type) {
        return AttrValue.newBuilder().setType(type).build();
    }

    private static AttrValue types(List<DataType> types) {
        var list = AttrValue.ListValue.newBuilder().addAllType(types);
        return AttrValue.newBuilder().setList(list).build();
    }

    List<NodeDef> nodes() {
        return nodes;
    }

    SaverDef definition() {
        return definition;
    }

    /** Returns the tensor that reads a variable. */
    String reading(TrainedVariable variable) {
        return String.valueOf(reads.get(variable.name()));
    }

    /** Returns the operation that restores a variable. */
    String restoring(TrainedVariable variable) {
        return String.valueOf(assignments.get(variable.name()));
    }
}
