package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.GraphParts;
import io.tensorbridge.tensor.TensorValue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/** The part of a graph that some tensors need, with the values of its variables as constants. */
final class FrozenGraph {

    private static final Set<String> GATHERS = Set.of("ResourceGather", "ResourceGatherNd");

    private final Map<String, NodeDef> nodes = new HashMap<>();
    private final Map<String, String> variableOf = new HashMap<>(); // by handle
    private final Set<String> taken;
    private final Map<String, TensorValue> values;
    private final Map<String, String> constants = new HashMap<>(); // by variable
    private final List<NodeDef> frozen = new ArrayList<>();

    private FrozenGraph(GraphDef part, List<TrainedVariable> variables, Map<String, TensorValue> values) {
        part.getNodeList().forEach(node -> nodes.put(node.getName(), node));
        variables.forEach(variable -> variableOf.put(variable.handle(), variable.name()));
        this.taken = GraphParts.names(part);
        this.values = values;
    }

    /**
     * Freezes a graph.
     *
     * @param part what is needed of the graph
     * @param variables the variables of the graph
     * @param values a value for each that the part has
     * @throws IllegalArgumentException if a variable is used in another way than to be read
     */
    static GraphDef of(GraphDef part, List<TrainedVariable> variables, Map<String, TensorValue> values) {
        var frozen = new FrozenGraph(part, variables, values);
        part.getNodeList().forEach(frozen::add);
        return part.toBuilder().clearNode().addAllNode(frozen.frozen).build();
    }

    private void add(NodeDef node) {
        if (isHandle(node.getName())) {
            return;
        }
        int handle = firstHandle(node);
        if (handle < 0) {
            frozen.add(node);
        } else if (node.getOp().equals("ReadVariableOp")) {
            frozen.add(identity(node, constant(variable(node.getInput(0)))));
        } else if (GATHERS.contains(node.getOp()) && handle == 0) {
            addGather(node, constant(variable(node.getInput(0))));
        } else if (node.getOp().equals("VariableShape")) {
            frozen.add(node.toBuilder()
                    .setOp("Shape")
                    .setInput(0, constant(variable(node.getInput(0))))
                    .putAttr("T", type(value(variable(node.getInput(0))).elementType()))
                    .build());
        } else {
            throw new IllegalArgumentException(
                    "Cannot make a program of trained values: expected variable '%s' to be read, found operation '%s' of type %s to take it. Save it as a saved model with TrainedPrograms.save(…), and load that"
                            .formatted(variable(node.getInput(handle)), node.getName(), node.getOp()));
        }
    }

    /** Follows a handle back to the variable's own. */
    private String handleOf(String input) {
        String name = operationOf(input);
        for (int steps = 0; steps < nodes.size(); steps++) {
            NodeDef node = nodes.get(name);
            if (node == null || !node.getOp().equals("Identity")) {
                return name;
            }
            name = operationOf(node.getInput(0));
        }
        return name;
    }

    private static String operationOf(String input) {
        String name = input.startsWith("^") ? input.substring(1) : input;
        int colon = name.indexOf(':');
        return colon < 0 ? name : name.substring(0, colon);
    }

    private boolean isHandle(String operation) {
        return variableOf.containsKey(handleOf(operation));
    }

    private int firstHandle(NodeDef node) {
        for (int i = 0; i < node.getInputCount(); i++) {
            if (!node.getInput(i).startsWith("^") && isHandle(node.getInput(i))) {
                return i;
            }
        }
        return -1;
    }

    private String variable(String input) {
        return String.valueOf(variableOf.get(handleOf(input)));
    }

    private TensorValue value(String variable) {
        TensorValue value = values.get(variable);
        if (value == null) {
            throw new IllegalStateException("No value of variable " + variable);
        }
        return value;
    }

    /** Returns the constant with the value of a variable, which is made once. */
    private String constant(String variable) {
        return constants.computeIfAbsent(variable, missing -> {
            String name = GraphParts.freeName(taken, missing + "/value");
            taken.add(name);
            frozen.add(GraphParts.constant(name, value(missing)));
            return name;
        });
    }

    private static NodeDef identity(NodeDef read, String constant) {
        return NodeDef.newBuilder()
                .setName(read.getName())
                .setOp("Identity")
                .setDevice(read.getDevice())
                .addInput(constant)
                .addAllInput(waits(read))
                .putAttr("T", read.getAttrOrDefault("dtype", AttrValue.getDefaultInstance()))
                .build();
    }

    private void addGather(NodeDef gather, String constant) {
        AttrValue indices = gather.getAttrOrDefault("Tindices", type(DataType.DT_INT32));
        var changed = NodeDef.newBuilder()
                .setName(gather.getName())
                .setDevice(gather.getDevice())
                .addInput(constant)
                .addInput(gather.getInput(1))
                .putAttr("Tparams", gather.getAttrOrDefault("dtype", AttrValue.getDefaultInstance()))
                .putAttr("Tindices", indices);
        if (gather.getOp().equals("ResourceGatherNd")) {
            changed.setOp("GatherNd");
        } else {
            AttrValue batch = gather.getAttrOrDefault("batch_dims", AttrValue.getDefaultInstance());
            String axis = GraphParts.freeName(taken, gather.getName() + "/axis");
            taken.add(axis);
            frozen.add(GraphParts.constant(axis, TensorValue.of((int) batch.getI())));
            changed.setOp("GatherV2")
                    .addInput(axis)
                    .putAttr("Taxis", type(DataType.DT_INT32))
                    .putAttr(
                            "batch_dims",
                            AttrValue.newBuilder().setI(batch.getI()).build());
        }
        frozen.add(changed.addAllInput(waits(gather)).build());
    }

    private static List<String> waits(NodeDef node) {
        return node.getInputList().stream()
                .filter(input -> input.startsWith("^"))
                .toList();
    }

    private static AttrValue type(DataType type) {
        return AttrValue.newBuilder().setType(type).build();
    }
}
