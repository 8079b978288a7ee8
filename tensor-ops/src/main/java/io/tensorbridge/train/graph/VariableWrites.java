package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.GraphParts;
import io.tensorbridge.tensor.ModelGraph;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorShapeProto;

/**
 * Turns what a function for training writes to variables into values that the graph gives.
 *
 * <p>Layers set moving averages while they compute. Each worker would do so by itself; as values they are averaged over the workers
 * and set when the step ends. The order in which a function reads and writes a variable stands in its control edges.
 *
 * <p>Two whole numbers that are written are the state of a generator of random numbers: they become a function of seed, step and
 * worker, so that a resumed run draws the same. Other variables of whole numbers, which count, stay as they are.
 */
final class VariableWrites {

    private static final Set<String> WRITES = Set.of("AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp");
    private static final Set<DataType> WHOLE =
            Set.of(DataType.DT_INT32, DataType.DT_UINT32, DataType.DT_INT64, DataType.DT_UINT64);

    private final ModelGraph model;
    private final Map<String, NodeDef> nodes = new LinkedHashMap<>();
    private final Set<String> taken;
    private final List<NodeDef> writes = new ArrayList<>();
    private final List<NodeDef> reads = new ArrayList<>();
    private final Map<String, String> values = new HashMap<>(); // by write
    private final SortedMap<String, String> updates = new TreeMap<>();
    private boolean drawsNumbers;

    private VariableWrites(ModelGraph model, GraphDef graph, Collection<String> tensors) {
        this.model = model;
        graph.getNodeList().forEach(node -> nodes.put(node.getName(), node));
        taken = new HashSet<>(nodes.keySet());
        for (NodeDef node : GraphParts.needed(graph, tensors).getNodeList()) {
            if (WRITES.contains(node.getOp())) {
                writes.add(node);
            } else if (node.getOp().equals("ReadVariableOp")) {
                reads.add(node);
            }
        }
    }

    /**
     * The result.
     *
     * @param graph the graph, which writes nothing where it computes these tensors
     * @param updates the new values, by the handles of variables
     */
    record Resolved(GraphDef graph, SortedMap<String, String> updates) {}

    /** Resolves what some tensors of a graph write when they are computed. */
    static Resolved resolve(ModelGraph model, GraphDef graph, Collection<String> tensors) {
        var all = new VariableWrites(model, graph, tensors);
        all.resolve();
        return new Resolved(
                graph.toBuilder().clearNode().addAllNode(all.nodes.values()).build(), all.updates);
    }

    private void resolve() {
        Set<String> overwritten = new HashSet<>();
        writes.forEach(write -> before(write, handleOf(write)).ifPresent(last -> overwritten.add(last.getName())));
        Map<String, List<NodeDef>> last = new TreeMap<>();
        for (NodeDef write : writes) {
            if (!overwritten.contains(write.getName())) {
                last.computeIfAbsent(handleOf(write), any -> new ArrayList<>()).add(write);
            }
        }
        Map<String, String> readAgain = new HashMap<>();
        for (NodeDef read : reads) {
            before(read, handleOf(read)).ifPresent(write -> readAgain.put(read.getName(), valueOf(write)));
        }
        last.forEach(this::update);
        for (NodeDef read : reads) {
            String value = readAgain.get(read.getName());
            if (value != null) {
                put(hands(read, value));
            } else if (last.containsKey(handleOf(read)) && isState(handleOf(read))) {
                put(random(read));
            }
        }
        writes.forEach(write ->
                put(NodeDef.newBuilder().setName(write.getName()).setOp("NoOp").build()));
        if (drawsNumbers) {
            put(NodeDef.newBuilder()
                    .setName(TrainingGraph.RANDOM)
                    .setOp("Placeholder")
                    .putAttr("dtype", type(DataType.DT_INT64))
                    .putAttr("shape", shapeOfState())
                    .build());
        }
    }

    private void update(String handle, List<NodeDef> last) {
        NodeDef variable = node(handle);
        if (last.size() > 1) {
            throw model.wrong(
                    "expected variable '%s' to be set once in a step of training, found that operations %s set it in no order. Export it again"
                            .formatted(
                                    handle,
                                    last.stream().map(NodeDef::getName).sorted().toList()));
        }
        if (variable.getAttrOrDefault("dtype", AttrValue.getDefaultInstance()).getType() == DataType.DT_FLOAT) {
            updates.put(handle, canonical(valueOf(last.get(0))));
        }
    }

    /** Returns the last write to a variable before a node takes it, or nothing if it is the first to do so. */
    private Optional<NodeDef> before(NodeDef node, String handle) {
        return before(node, handle, new HashSet<>());
    }

    private Optional<NodeDef> before(NodeDef node, String handle, Set<String> seen) {
        for (String input : node.getInputList()) {
            NodeDef waited = input.startsWith("^") ? node(input.substring(1)) : NodeDef.getDefaultInstance();
            if (!input.startsWith("^") || !seen.add(waited.getName())) {
                continue;
            }
            boolean takes = waited.getInputCount() > 0
                    && (WRITES.contains(waited.getOp()) || waited.getOp().equals("ReadVariableOp"))
                    && handleOf(waited).equals(handle);
            if (takes && WRITES.contains(waited.getOp())) {
                return Optional.of(waited);
            }
            if (takes || waited.getOp().equals("NoOp")) {
                Optional<NodeDef> earlier = before(waited, handle, seen);
                if (earlier.isPresent()) {
                    return earlier;
                }
            }
        }
        return Optional.empty();
    }

    /** Returns the tensor with what a variable is after a write. */
    private String valueOf(NodeDef write) {
        String known = values.get(write.getName());
        if (known != null) {
            return known;
        }
        String value = write.getInput(1);
        if (!write.getOp().equals("AssignVariableOp")) {
            AttrValue type = write.getAttrOrDefault("dtype", AttrValue.getDefaultInstance());
            Optional<NodeDef> earlier = before(write, handleOf(write));
            String before = earlier.isPresent() ? valueOf(earlier.get()) : readBefore(write, type);
            String name = free(write.getName() + "/value");
            put(NodeDef.newBuilder()
                    .setName(name)
                    .setOp(write.getOp().equals("AssignAddVariableOp") ? "AddV2" : "Sub")
                    .addInput(before)
                    .addInput(value)
                    .putAttr("T", type)
                    .build());
            value = name;
        }
        values.put(write.getName(), value);
        return value;
    }

    private String readBefore(NodeDef write, AttrValue type) {
        var read = NodeDef.newBuilder()
                .setName(free(write.getName() + "/before"))
                .setOp("ReadVariableOp")
                .addInput(handleOf(write))
                .putAttr("dtype", type)
                .build();
        put(isState(handleOf(write)) ? random(read) : read);
        return read.getName();
    }

    private static NodeDef hands(NodeDef read, String value) {
        return NodeDef.newBuilder()
                .setName(read.getName())
                .setOp("Identity")
                .addInput(value)
                .putAttr("T", read.getAttrOrDefault("dtype", AttrValue.getDefaultInstance()))
                .build();
    }

    private boolean isState(String handle) {
        NodeDef variable = node(handle);
        return WHOLE.contains(variable.getAttrOrDefault("dtype", AttrValue.getDefaultInstance())
                        .getType())
                && variable.getAttrOrDefault("shape", AttrValue.getDefaultInstance())
                        .equals(shapeOfState());
    }

    private static AttrValue shapeOfState() {
        var shape = TensorShapeProto.newBuilder()
                .addDim(TensorShapeProto.Dim.newBuilder().setSize(2));
        return AttrValue.newBuilder().setShape(shape).build();
    }

    private NodeDef random(NodeDef read) {
        drawsNumbers = true;
        return NodeDef.newBuilder()
                .setName(read.getName())
                .setOp("Cast")
                .addInput(TrainingGraph.RANDOM)
                .putAttr("SrcT", type(DataType.DT_INT64))
                .putAttr("DstT", read.getAttrOrDefault("dtype", AttrValue.getDefaultInstance()))
                .build();
    }

    private String handleOf(NodeDef node) {
        String name = ModelInputs.operationOf(node.getInput(0));
        for (int steps = 0; steps < nodes.size() && node(name).getOp().equals("Identity"); steps++) {
            name = ModelInputs.operationOf(node(name).getInput(0));
        }
        return name;
    }

    private NodeDef node(String name) {
        return nodes.getOrDefault(name, NodeDef.getDefaultInstance());
    }

    private String free(String wanted) {
        String name = GraphParts.freeName(taken, wanted);
        taken.add(name);
        return name;
    }

    private void put(NodeDef node) {
        nodes.put(node.getName(), node);
    }

    private static AttrValue type(DataType type) {
        return AttrValue.newBuilder().setType(type).build();
    }

    private static String canonical(String tensor) {
        return GraphParts.canonical(tensor);
    }
}
